// A client whose socket is cut again and again, in a room of the chat:
//
//	node resuming.mjs <client> <url> <room>
//
// Each line of its input destroys its socket. It prints a line of JSON for each message
// that its user gets, {"next": text}, for an initial result, {"history": length}, for an
// end, {"error": text} or {"complete": true}, and for what crosses the wire: {"opened":
// true}, {"closed": code}, and {"wire": text, "caughtUp": boolean} for each message.
import { createInterface } from 'node:readline';
import WebSocket from 'ws';

const [, , name, url, room] = process.argv;
const QUERY = 'subscription Room($room: String!) { room(name: $room) { history { id } message { text } } }';

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

let socket;

class Watched extends WebSocket {
  constructor(...args) {
    super(...args);
    socket = this;
    this.on('open', () => say({ opened: true }));
    this.on('close', (code) => say({ closed: code }));
    this.on('message', (text) => {
      const { type, payload } = JSON.parse(text);
      const message = type === 'next' && payload.data?.room?.message;
      if (message) say({ wire: message.text, caughtUp: payload.extensions?.event?.caughtUp ?? false });
    });
  }
}

globalThis.WebSocket = Watched; // Apollo's links look for the browser's

const options = {
  url,
  webSocketImpl: Watched,
  connectionParams: { name },
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 20 + 80 * Math.random())),
};

const sink = {
  next: ({ data, errors, error }) => {
    if (errors?.length || error) say({ error: JSON.stringify(errors ?? error) });
    else if (data.room.history) say({ history: data.room.history.length });
    else if (data.room.message) say({ next: data.room.message.text });
  },
  error: (error) => say({ error: error.message ?? JSON.stringify(error) }),
  complete: () => say({ complete: true }),
};

async function apollo(recipe, gql) {
  const { newClient } = await import(recipe);
  newClient(options).subscribe({ query: gql(QUERY), variables: { room }, fetchPolicy: 'no-cache' }).subscribe(sink);
}

const clients = {
  async 'graphql-ws'() {
    const { newClient } = await import('./recipes/graphql-ws.mjs');
    newClient(options).subscribe({ query: QUERY, variables: { room } }, sink);
  },
  async iterate() {
    const { newClient } = await import('./recipes/graphql-ws.mjs');
    for await (const result of newClient(options).iterate({ query: QUERY, variables: { room } })) sink.next(result);
  },
  apollo: async () => apollo('./recipes/apollo.mjs', (await import('@apollo/client')).gql),
  'apollo-3': async () => apollo('./recipes/apollo-3.mjs', (await import('apollo-client-3/core/index.js')).gql),
  async urql() {
    const { newClient } = await import('./recipes/urql.mjs');
    newClient(url, options).subscription(QUERY, { room }).subscribe(sink.next);
  },
  async relay() {
    const { newEnvironment } = await import('./recipes/relay.mjs');
    const { requestSubscription } = await import('relay-runtime');
    const environment = newEnvironment(() => Promise.reject(new Error('only subscriptions')), options);
    requestSubscription(environment, {
      subscription: artifact(), variables: { room },
      onNext: (data) => sink.next({ data }), onError: sink.error, onCompleted: sink.complete,
    });
  },
};

/** What Relay's compiler makes of the subscription. */
function artifact() {
  const scalar = (name) => ({ kind: 'ScalarField', name, alias: null, args: null, storageKey: null });
  const linked = (name, concreteType, plural, selections, args = null) =>
    ({ kind: 'LinkedField', name, alias: null, args, concreteType, plural, selections, storageKey: null });
  const argumentDefinitions = [{ kind: 'LocalArgument', name: 'room', defaultValue: null }];
  const selections = [linked('room', 'RoomUpdate', false, [
    linked('history', 'Message', true, [scalar('id')]),
    linked('message', 'Message', false, [scalar('text')]),
  ], [{ kind: 'Variable', name: 'name', variableName: 'room' }])];
  return {
    kind: 'Request',
    fragment: { kind: 'Fragment', name: 'Room', type: 'Subscription', metadata: null, abstractKey: null, argumentDefinitions, selections },
    operation: { kind: 'Operation', name: 'Room', argumentDefinitions, selections },
    params: { cacheID: 'room', id: null, metadata: {}, name: 'Room', operationKind: 'subscription', text: QUERY },
  };
}

createInterface({ input: process.stdin }).on('line', () => socket?.terminate()).on('close', () => process.exit(0));
await clients[name]();
