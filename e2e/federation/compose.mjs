// Composes the graphs that it reads, [[{name, url, sdl}]], and prints
// [{supergraph, errors}].
import { readFileSync } from 'node:fs'
import { require } from './packages.mjs'

const composition = require('@apollo/composition')
const { parse } = require('graphql')

const results = JSON.parse(readFileSync(0, 'utf8')).map(subgraphs => {
  const { supergraphSdl, errors } = composition.composeServices(
    subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
  )
  return { supergraph: supergraphSdl, errors: errors?.map(error => error.message) }
})
process.stdout.write(JSON.stringify(results))
