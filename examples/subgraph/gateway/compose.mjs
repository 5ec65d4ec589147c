// Composes the supergraph of the two subgraphs, which have to run:
//   node compose.mjs OUT REVIEWS PRODUCTS
// with the file to write and the URLs of the subgraphs.
import { writeFileSync } from 'node:fs'
import { composeServices } from '@apollo/composition'
import { parse } from 'graphql'

const [out = 'supergraph.graphql', reviews = 'http://127.0.0.1:4001/graphql', products = 'http://127.0.0.1:4002/graphql'] =
  process.argv.slice(2)

async function subgraph(name, url) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ _service { sdl } }' }),
  })
  const { data } = await response.json()
  return { name, url, typeDefs: parse(data._service.sdl) }
}

const { supergraphSdl, errors } = composeServices([await subgraph('reviews', reviews), await subgraph('products', products)])
if (errors?.length) {
  for (const error of errors) console.error(error.message)
  process.exit(1)
}
writeFileSync(out, supergraphSdl)
