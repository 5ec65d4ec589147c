// docs:start environment
import type { Sink } from 'graphql-ws';
import { Environment, Network, Observable, RecordSource, Store } from 'relay-runtime';
import type { FetchFunction, GraphQLResponse, SubscribeFunction } from 'relay-runtime';
import { socket } from '../socket';
import { token } from '../token';

const fetchQuery: FetchFunction = async ({ text }, variables) => {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await token()}` },
    body: JSON.stringify({ query: text, variables }),
  });
  return response.json();
};

const subscribe: SubscribeFunction = ({ text, name }, variables) =>
  Observable.create<GraphQLResponse>((sink) =>
    socket.subscribe({ query: text ?? '', operationName: name, variables }, sink as Sink),
  );

export const environment = new Environment({
  network: Network.create(fetchQuery, subscribe),
  store: new Store(new RecordSource()),
});
// docs:end environment
