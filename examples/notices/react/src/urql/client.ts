// docs:start client
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from 'urql';
import { socket } from '../socket';

export const client = new Client({
  url: '/graphql',
  exchanges: [
    cacheExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      }),
    }),
  ],
});
// docs:end client
