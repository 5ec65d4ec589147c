// docs:start component
import { gql, useSubscription } from 'urql';

type Notice = { id: string; text: string };

const NOTICES = gql`
  subscription Notices($board: ID!) {
    notices(board: $board) {
      id
      text
    }
  }
`;

const append = (all: Notice[] = [], { notices }: { notices: Notice }) => [...all, notices];

export function Notices({ board }: { board: string }) {
  const [{ data = [], error }] = useSubscription({ query: NOTICES, variables: { board } }, append);
  if (error) return <p role="alert">{error.message}</p>;
  return (
    <ul>
      {data.map(({ id, text }) => (
        <li key={id}>{text}</li>
      ))}
    </ul>
  );
}
// docs:end component
