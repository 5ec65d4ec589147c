// The client of docs/quickstart.md. Usage: node quickstart.mjs [URL]
// docs:start client
import { createClient } from 'graphql-ws';
import WebSocket from 'ws'; // Node.js has one of its own from version 22 on, as browsers do

const client = createClient({ url: process.argv[2] ?? 'ws://localhost:8080/graphql', webSocketImpl: WebSocket });
for await (const result of client.iterate({ query: 'subscription { messages { text } }' })) console.log(result.data);
// docs:end client
