// Composes the subgraphs that it reads, [{name, url, sdl}], and prints
// {supergraph, errors}.
import { readFileSync } from 'node:fs'
import composition from '@apollo/composition'
import { parse } from 'graphql'

const subgraphs = JSON.parse(readFileSync(0, 'utf8'))
const { supergraphSdl, errors } = composition.composeServices(
  subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
)
process.stdout.write(JSON.stringify({ supergraph: supergraphSdl, errors: errors?.map(error => error.message) }))
