// urql with its subscription exchange, for queries and mutations too.
import { Client, createRequest, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import { messages, options } from './graphql-ws-client.mjs';
import { run } from './scenario.mjs';

const texts = (error) => messages(error.graphQLErrors.length ? error.graphQLErrors : error);

await run('urql', (settings) => {
  const socket = createClient(options(settings));
  const client = new Client({
    url: settings.url,
    exchanges: [
      subscriptionExchange({
        enableAllOperations: true,
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe(request, sink) }),
        }),
      }),
    ],
  });
  return {
    subscribe: (query, variables, { next, error }) =>
      client.subscription(query, variables).subscribe((result) => (result.error ? error(texts(result.error)) : next(result.data))).unsubscribe,
    async execute(query, variables) {
      const request = createRequest(query, variables);
      const { data, error } = await (query.startsWith('mutation') ? client.executeMutation(request) : client.executeQuery(request)).toPromise();
      if (error) throw error;
      return data;
    },
    close: () => socket.dispose(),
  };
}, 'subscription { nosuchfield }');
