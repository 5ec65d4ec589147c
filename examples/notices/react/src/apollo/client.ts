// docs:start client
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition } from '@apollo/client/utilities';
import { socket } from '../socket';
import { token } from '../token';

const authorized = new SetContextLink(async ({ headers }) => ({
  headers: { ...headers, authorization: `Bearer ${await token()}` },
}));

export const client = new ApolloClient({
  link: ApolloLink.split(
    ({ query }) => {
      const main = getMainDefinition(query);
      return main.kind === 'OperationDefinition' && main.operation === 'subscription';
    },
    new GraphQLWsLink(socket),
    authorized.concat(new HttpLink({ uri: '/graphql' })),
  ),
  cache: new InMemoryCache(),
});
// docs:end client
