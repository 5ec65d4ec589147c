// Apollo Client with its GraphQLWsLink.
import { ApolloClient, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { createClient } from 'graphql-ws';
import { messages, options } from './graphql-ws-client.mjs';
import { run } from './scenario.mjs';

const texts = (error) => messages(CombinedGraphQLErrors.is(error) ? error.errors : error);

await run('apollo', (settings) => {
  globalThis.WebSocket = settings.WebSocket; // the link looks for the browser's
  const socket = createClient(options(settings));
  const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
  return {
    subscribe(query, variables, { next, error }) {
      const subscription = client.subscribe({ query: gql(query), variables, fetchPolicy: 'no-cache' }).subscribe({
        next: (result) => (result.error ? error(texts(result.error)) : next(result.data)),
        error: (cause) => error(texts(cause)),
      });
      return () => subscription.unsubscribe();
    },
    async execute(query, variables) {
      const document = gql(query);
      const { data } = document.definitions[0].operation === 'mutation'
        ? await client.mutate({ mutation: document, variables })
        : await client.query({ query: document, variables, fetchPolicy: 'no-cache' });
      return data;
    },
    close: () => socket.dispose(),
  };
}, 'subscription { nosuchfield }');
