import { RelayEnvironmentProvider } from 'react-relay';
import { environment } from './environment';
import { Notices } from './Notices';

export default function App({ board }: { board: string }) {
  return (
    <RelayEnvironmentProvider environment={environment}>
      <Notices board={board} />
    </RelayEnvironmentProvider>
  );
}
