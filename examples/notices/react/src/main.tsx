import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import Apollo from './apollo/App';
import Relay from './relay/App';
import Urql from './urql/App';

const BOARD = 'news';
const clients = { Apollo, Urql, Relay };

/** The same notices three times, each of which can be hidden. */
function Page() {
  const [shown, setShown] = useState(true);
  return (
    <>
      <h1>Notices</h1>
      <button onClick={() => setShown(!shown)}>{shown ? 'hide' : 'show'}</button>
      {shown &&
        Object.entries(clients).map(([name, App]) => (
          <section key={name} aria-label={name}>
            <h2>{name}</h2>
            <App board={BOARD} />
          </section>
        ))}
    </>
  );
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
