// Composes the supergraph of the two subgraphs:
//   node compose.mjs OUT REVIEWS PRODUCTS
// with the file to write and the URLs of the subgraphs.
import { readFileSync, writeFileSync } from 'node:fs'
import { composeServices } from '@apollo/composition'
import { parse } from 'graphql'

const [out = 'supergraph.graphql', reviews = 'http://127.0.0.1:4001/graphql', products = 'http://127.0.0.1:4002/graphql'] =
  process.argv.slice(2)

const typeDefs = (name) => parse(readFileSync(new URL(`../${name}/schema.graphqls`, import.meta.url), 'utf8'))
const { supergraphSdl, errors } = composeServices([
  { name: 'reviews', url: reviews, typeDefs: typeDefs('reviews') },
  { name: 'products', url: products, typeDefs: typeDefs('products') },
])
if (errors?.length) {
  for (const error of errors) console.error(error.message)
  process.exit(1)
}
writeFileSync(out, supergraphSdl)
