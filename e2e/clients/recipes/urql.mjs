// docs:start urql
import { resumable } from '@fanql/resume';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';

export function newClient(url, options) {
  const socket = resumable(createClient({ retryAttempts: Infinity, shouldRetry: () => true, ...options }));
  const forwardSubscription = (request) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe(request, sink) }),
  });
  return new Client({ url, exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription })] });
}
// docs:end urql
