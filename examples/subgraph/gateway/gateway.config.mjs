// docs:start config
// Hive Gateway with callbacks for the subscriptions of both subgraphs.
import { MemPubSub, defineConfig } from '@graphql-hive/gateway'

const port = Number(process.env.PORT ?? 4000)
const subscriptions = {
  kind: 'http-callback',
  options: { path: '/callback', public_url: `http://127.0.0.1:${port}/callback`, heartbeat_interval: 5000 },
}

export const gatewayConfig = defineConfig({
  supergraph: process.env.SUPERGRAPH ?? './supergraph.graphql',
  host: '127.0.0.1',
  port,
  webhooks: true,
  pubsub: new MemPubSub(),
  transportEntries: { reviews: { options: { subscriptions } }, products: { options: { subscriptions } } },
})
// docs:end config
