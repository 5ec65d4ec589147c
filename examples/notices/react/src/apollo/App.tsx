import { ApolloProvider } from '@apollo/client/react';
import { client } from './client';
import { Notices } from './Notices';

export default function App({ board }: { board: string }) {
  return (
    <ApolloProvider client={client}>
      <Notices board={board} />
    </ApolloProvider>
  );
}
