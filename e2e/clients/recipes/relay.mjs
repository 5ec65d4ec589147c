// docs:start relay
import { resumable } from '@fanql/resume';
import { createClient } from 'graphql-ws';
import { Environment, Network, Observable, RecordSource, Store } from 'relay-runtime';

export function newEnvironment(fetchQuery, options) {
  const socket = resumable(createClient({ retryAttempts: Infinity, shouldRetry: () => true, ...options }));
  const subscribe = ({ text, name }, variables) => Observable.create((sink) =>
    socket.subscribe({ query: text, operationName: name, variables }, sink));
  return new Environment({ network: Network.create(fetchQuery, subscribe), store: new Store(new RecordSource()) });
}
// docs:end relay
