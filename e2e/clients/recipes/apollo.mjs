// docs:start apollo
import { ApolloClient, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { resumable } from '@fanql/resume';
import { createClient } from 'graphql-ws';

export const newClient = (options) => new ApolloClient({
  link: new GraphQLWsLink(resumable(createClient({ retryAttempts: Infinity, shouldRetry: () => true, ...options }))),
  cache: new InMemoryCache(),
});
// docs:end apollo
