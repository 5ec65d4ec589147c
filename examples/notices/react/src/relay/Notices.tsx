// docs:start component
import { useMemo, useState } from 'react';
import { graphql, useSubscription } from 'react-relay';
import type { GraphQLSubscriptionConfig } from 'relay-runtime';
import type { NoticesSubscription } from './__generated__/NoticesSubscription.graphql';

type Notice = NoticesSubscription['response']['notices'];

export function Notices({ board }: { board: string }) {
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  const [error, setError] = useState<Error>();
  // Relay subscribes again whenever the configuration is another object.
  const config = useMemo<GraphQLSubscriptionConfig<NoticesSubscription>>(
    () => ({
      subscription: graphql`
        subscription NoticesSubscription($board: ID!) {
          notices(board: $board) {
            id
            text
          }
        }
      `,
      variables: { board },
      onNext: (data) => data && setNotices((all) => [...all, data.notices]),
      onError: setError,
    }),
    [board],
  );
  useSubscription(config);
  if (error) return <p role="alert">{error.message}</p>;
  return (
    <ul>
      {notices.map(({ id, text }) => (
        <li key={id}>{text}</li>
      ))}
    </ul>
  );
}
// docs:end component
