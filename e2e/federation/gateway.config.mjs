// A gateway on a port of this machine, with the supergraph of a file and, as JSON, how
// its subgraphs are reached.
export const gatewayConfig = {
  host: '127.0.0.1',
  port: Number(process.env.GATEWAY_PORT),
  supergraph: process.env.GATEWAY_SUPERGRAPH,
  transportEntries: JSON.parse(process.env.GATEWAY_TRANSPORTS || '{}'),
  maskedErrors: false,
}
