// What clients do about the end of their connections:
//
//	node closing.mjs <clients>
//
// The argument is JSON: an array of { name, url, eager, until, window }. Each
// client subscribes, and again where a test's server asks for a second operation
// of the same ID. A client is watched until it has opened until.sockets sockets and
// received until.results results and until.errors errors or, without any of these, until its
// first socket has closed, and then for window milliseconds. When all have been watched, the program
// prints one line of JSON: for each client, in order, how many sockets it opened,
// with which codes they closed, and the results and the errors that its user got.
// "eager" is a user who retries whatever the error was.
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

globalThis.WebSocket = WebSocket; // Apollo's links look for the browser's

const QUERY = 'subscription { greeting }';
// A client that does not get that far within this time is reported as it is.
const PATIENCE = 45_000;

function text(cause) {
  if (Array.isArray(cause)) return cause.map((error) => error.message).join('; ');
  return cause.message || `closed: ${cause.code} ${cause.reason}`;
}

// watch starts a client and resolves with its report.
function watch({ name, url, eager, until, window }) {
  const report = { sockets: 0, codes: [], results: [], errors: [] };
  return new Promise((resolve) => {
    const done = () => resolve(structuredClone(report));
    setTimeout(done, PATIENCE);
    let waits = true;
    const changed = () => {
      const reached = until.sockets || until.results || until.errors
        ? report.sockets >= until.sockets && report.results.length >= until.results && report.errors.length >= until.errors
        : report.codes.length > 0;
      if (!waits || !reached) return;
      waits = false;
      setTimeout(done, window);
    };
    class Counted extends WebSocket {
      constructor(...args) {
        super(...args);
        report.sockets++;
        this.on('close', (code) => {
          report.codes.push(code);
          changed();
        });
        changed();
      }
    }
    const sink = {
      next: (result) => {
        report.results.push(result.data?.greeting);
        changed();
      },
      error: (cause) => {
        report.errors.push(text(cause));
        changed();
      },
      complete: () => {},
    };
    clients[name]({ url, eager, Counted, sink });
  });
}

function graphqlWS(create, { url, eager, Counted, sink }) {
  const retry = eager ? { shouldRetry: () => true, retryAttempts: Infinity } : {};
  const client = create({ url, webSocketImpl: Counted, ...retry, generateID: () => 'the same' });
  client.subscribe({ query: QUERY }, sink);
  // Another query: with the same one, within a millisecond, it would be taken
  // for the first one handed over again.
  if (url.includes('twice')) client.subscribe({ query: 'subscription { again: greeting }' }, sink);
}

function transportWS({ url, Counted, sink }) {
  const connectionCallback = (error) => { if (error) sink.error(error); };
  // Its own second is too short for a handshake on a slow machine.
  const client = new SubscriptionClient(url, { reconnect: true, connectionCallback, minTimeout: 20_000 }, Counted);
  client.request({ query: QUERY }).subscribe(sink);
}

// The socket of those clients that take one of graphql-ws.
const socket = ({ url, Counted }) => createClient({ url, webSocketImpl: Counted });

function apollo(client, sink) {
  client.subscribe({ query: gql(QUERY), fetchPolicy: 'no-cache' })
    .subscribe({ ...sink, next: (result) => (result.error ? sink.error(result.error) : sink.next(result)) });
}

function urql(watched) {
  const { url, sink } = watched;
  const forwardSubscription = (request) => ({ subscribe: (to) => ({ unsubscribe: socket(watched).subscribe(request, to) }) });
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

function relay(watched) {
  const { sink } = watched;
  const client = socket(watched);
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
  apollo: (watched) => apollo(new ApolloClient({ link: new GraphQLWsLink(socket(watched)), cache: new InMemoryCache() }), watched.sink),
  'apollo-3': (watched) => apollo(new ApolloClient3({ link: new GraphQLWsLink3(socket(watched)), cache: new InMemoryCache3() }), watched.sink),
  urql,
  relay,
  'graphql-ws': (watched) => graphqlWS(createClient, watched),
  'graphql-ws-5': (watched) => graphqlWS(createClient5, watched),
  'subscriptions-transport-ws': transportWS,
};

const reports = await Promise.all(JSON.parse(process.argv[2]).map(watch));
process.stdout.write(`${JSON.stringify(reports)}\n`, () => process.exit(0));
