// The packages of examples/subgraph/gateway.
import { createRequire } from 'node:module'

export const require = createRequire(new URL('../../examples/subgraph/gateway/', import.meta.url))
