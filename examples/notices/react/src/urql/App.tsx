import { Provider } from 'urql';
import { client } from './client';
import { Notices } from './Notices';

export default function App({ board }: { board: string }) {
  return (
    <Provider value={client}>
      <Notices board={board} />
    </Provider>
  );
}
