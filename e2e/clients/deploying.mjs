// The client of docs/deploying.md. Usage: node deploying.mjs URL
// docs:start client
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const client = createClient({ url: process.argv[2], keepAlive: 5 * 60_000, webSocketImpl: WebSocket });
for await (const result of client.iterate({ query: 'subscription { activity { author text } }' })) console.log(result.data);
// docs:end client
