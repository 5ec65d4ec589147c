// docs:start apollo-3
import { ApolloClient, InMemoryCache } from 'apollo-client-3/core/index.js';
import { GraphQLWsLink } from 'apollo-client-3/link/subscriptions/index.js';
import { resumable } from '@fanql/resume';
import { createClient } from 'graphql-ws';

export const newClient = (options) => new ApolloClient({
  link: new GraphQLWsLink(resumable(createClient({ retryAttempts: Infinity, shouldRetry: () => true, ...options }))),
  cache: new InMemoryCache(),
});
// docs:end apollo-3
