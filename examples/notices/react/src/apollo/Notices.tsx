// docs:start component
import { gql } from '@apollo/client';
import { useSubscription } from '@apollo/client/react';
import { useState } from 'react';

type Notice = { id: string; text: string };

const NOTICES = gql`
  subscription Notices($board: ID!) {
    notices(board: $board) {
      id
      text
    }
  }
`;

export function Notices({ board }: { board: string }) {
  const [notices, setNotices] = useState<Notice[]>([]);
  const { error } = useSubscription<{ notices: Notice }, { board: string }>(NOTICES, {
    variables: { board },
    fetchPolicy: 'no-cache', // they are kept in the component
    onData: ({ data: { data } }) => data && setNotices((all) => [...all, data.notices]),
  });
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
