// A gateway on a port of this machine, with the supergraph of a file and the URL for
// subscriptions of the subgraph "reviews".
export const gatewayConfig = {
  host: '127.0.0.1',
  port: Number(process.env.GATEWAY_PORT),
  supergraph: process.env.GATEWAY_SUPERGRAPH,
  // docs:start transport
  transportEntries: {
    reviews: { options: { subscriptions: { kind: 'ws', location: process.env.GATEWAY_REVIEWS } } },
  },
  // docs:end transport
  maskedErrors: false,
}
