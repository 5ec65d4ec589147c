// subscriptions-transport-ws, which speaks the legacy subprotocol.
import { SubscriptionClient } from 'subscriptions-transport-ws';
import { messages } from './graphql-ws-client.mjs';
import { run } from './scenario.mjs';

await run('subscriptions-transport-ws', ({ url, name, WebSocket }) => {
  // Its own second is too short for a handshake on a slow machine.
  const client = new SubscriptionClient(url, { connectionParams: { name }, reconnect: false, minTimeout: 20_000 }, WebSocket);
  return {
    subscribe: (query, variables, { next, error }) =>
      client.request({ query, variables }).subscribe({
        next: ({ data, errors }) => (errors ? error(messages(errors)) : next(data)),
        error: (cause) => error(messages(cause)),
      }).unsubscribe,
    execute: (query, variables) => new Promise((resolve, reject) => {
      client.request({ query, variables }).subscribe({
        next: ({ data, errors }) => (errors ? reject(new Error(messages(errors).join('; '))) : resolve(data)),
        error: (cause) => reject(new Error(messages(cause).join('; '))),
      });
    }),
    close: () => client.close(),
  };
});
