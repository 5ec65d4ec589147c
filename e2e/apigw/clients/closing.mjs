// What a client does about the end of its connection:
//
//	node closing.mjs <client> <url> <milliseconds> [eager]
//
// It subscribes, and again where a test's server asks for a second operation of
// the same ID, watches for that long, and prints one line of JSON: how many
// sockets it opened, with which codes they closed, the results and the errors
// that its user got. "eager" is a user who retries whatever the error was.
import { ApolloClient, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, subscriptionExchange } from '@urql/core';
import { ApolloClient as ApolloClient3, InMemoryCache as InMemoryCache3 } from 'apollo-client-3/core/index.js';
import { GraphQLWsLink as GraphQLWsLink3 } from 'apollo-client-3/link/subscriptions/index.js';
import { createClient } from 'graphql-ws';
import { createClient as createClient5 } from 'graphql-ws-5';
import { Environment, Network, Observable, RecordSource, Store, requestSubscription } from 'relay-runtime';
import { SubscriptionClient } from 'subscriptions-transport-ws';
import WebSocket from 'ws';

const [name, url, window, eager] = process.argv.slice(2);
const QUERY = 'subscription { greeting }';
const report = { sockets: 0, codes: [], results: [], errors: [] };

class Counted extends WebSocket {
  constructor(...args) {
    super(...args);
    report.sockets++;
    this.on('close', (code) => report.codes.push(code));
  }
}

globalThis.WebSocket = Counted; // Apollo's links look for the browser's

const sink = {
  next: (result) => report.results.push(result.data?.greeting),
  error: (cause) => report.errors.push(text(cause)),
  complete: () => {},
};

function text(cause) {
  if (Array.isArray(cause)) return cause.map((error) => error.message).join('; ');
  return cause.message || `closed: ${cause.code} ${cause.reason}`;
}

function graphqlWS(create) {
  const retry = eager ? { shouldRetry: () => true, retryAttempts: Infinity } : {};
  const client = create({ url, webSocketImpl: Counted, ...retry, generateID: () => 'the same' });
  client.subscribe({ query: QUERY }, sink);
  // Another query: with the same one, within a millisecond, it would be taken
  // for the first one handed over again.
  if (url.includes('twice')) client.subscribe({ query: 'subscription { again: greeting }' }, sink);
}

function transportWS() {
  const connectionCallback = (error) => { if (error) report.errors.push(text(error)); };
  const client = new SubscriptionClient(url, { reconnect: true, connectionCallback }, Counted);
  client.request({ query: QUERY }).subscribe(sink);
}

// The socket of those clients that take one of graphql-ws.
const socket = () => createClient({ url, webSocketImpl: Counted });

function apollo(client) {
  client.subscribe({ query: gql(QUERY), fetchPolicy: 'no-cache' })
    .subscribe({ ...sink, next: (result) => (result.error ? sink.error(result.error) : sink.next(result)) });
}

function urql() {
  const forwardSubscription = (request) => ({ subscribe: (to) => ({ unsubscribe: socket().subscribe(request, to) }) });
  new Client({ url, exchanges: [subscriptionExchange({ forwardSubscription })] }).subscription(QUERY, {})
    .subscribe((result) => (result.error ? sink.error(result.error) : sink.next(result)));
}

// What Relay's compiler makes of the query.
function relayArtifact() {
  const selections = [{ kind: 'ScalarField', name: 'greeting', alias: null, args: null, storageKey: null }];
  const variables = { argumentDefinitions: [], selections };
  return {
    kind: 'Request',
    fragment: { kind: 'Fragment', name: 'Greeting', type: 'Subscription', metadata: null, abstractKey: null, ...variables },
    operation: { kind: 'Operation', name: 'Greeting', ...variables },
    params: { cacheID: 'greeting', id: null, metadata: {}, name: 'Greeting', operationKind: 'subscription', text: 'subscription Greeting { greeting }' },
  };
}

function relay() {
  const client = socket();
  const subscribe = ({ text: query, name: operationName }, variables) =>
    Observable.create((to) => client.subscribe({ query, operationName, variables }, to));
  const environment = new Environment({
    network: Network.create(() => Promise.reject(new Error('only subscriptions')), subscribe),
    store: new Store(new RecordSource()),
  });
  requestSubscription(environment, {
    subscription: relayArtifact(), variables: {},
    onNext: (data) => sink.next({ data }), onError: sink.error, onCompleted: sink.complete,
  });
}

const clients = {
  apollo: () => apollo(new ApolloClient({ link: new GraphQLWsLink(socket()), cache: new InMemoryCache() })),
  'apollo-3': () => apollo(new ApolloClient3({ link: new GraphQLWsLink3(socket()), cache: new InMemoryCache3() })),
  urql,
  relay,
  'graphql-ws': () => graphqlWS(createClient),
  'graphql-ws-5': () => graphqlWS(createClient5),
  'subscriptions-transport-ws': transportWS,
};
clients[name]();

setTimeout(() => {
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
}, Number(window));
