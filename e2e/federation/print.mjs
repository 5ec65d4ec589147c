// Prints the schema that it reads, as graphql-js does, in the order of names.
import { readFileSync } from 'node:fs'
import { require } from './packages.mjs'

const { buildSchema, lexicographicSortSchema, printSchema } = require('graphql')

process.stdout.write(printSchema(lexicographicSortSchema(buildSchema(readFileSync(0, 'utf8')))))
