// A client without a socket: streams.mjs <client> <url>. Each line of its input is a
// query or a subscription to start; each line of its output is one thing that the
// client reports: {"next": data}, {"error": text}, {"complete": true}. The Go tests
// judge them.
import { createInterface } from 'node:readline';

const [, , name, url] = process.argv;

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

/** text is what an error says, with all that is in it. */
const text = (error) =>
  (Array.isArray(error) ? error : error.errors ?? error.graphQLErrors ?? [])
    .map(({ message }) => message).concat(error.message ?? []).join('; ') || String(error);

/** sink reports the results of a GraphQL operation. */
const sink = {
  next: (result) => {
    const failed = result.error ?? (result.errors?.length ? result.errors : undefined);
    if (failed) say({ error: text(failed) });
    else say({ next: result.data });
  },
  error: (error) => say({ error: text(error) }),
  complete: () => say({ complete: true }),
};

/** reporting is a fetch that reports which header Last-Event-ID is sent. */
const reporting = (input, init) => {
  const id = init.headers['Last-Event-ID'];
  if (id) say({ resumes: id });
  return fetch(input, init);
};

const clients = {
  async 'graphql-sse'() {
    const { createClient } = await import('graphql-sse');
    const client = createClient({ url, retryAttempts: 60, retry: () => new Promise((resolve) => setTimeout(resolve, 100)) });
    return (query) => client.subscribe({ query }, sink);
  },
  async 'graphql-sse-resuming'() {
    const { newClient } = await import('./recipes/graphql-sse.mjs');
    const client = newClient({ url, retryAttempts: 60, retry: () => new Promise((resolve) => setTimeout(resolve, 100)) });
    return (query) => client.subscribe({ query }, sink);
  },
  async 'graphql-sse-header'() {
    const { subscribe } = await import('./recipes/graphql-sse-header.mjs');
    const retry = () => new Promise((resolve) => setTimeout(resolve, 100));
    return (query) => subscribe({ url, retryAttempts: 60, retry, fetchFn: reporting }, { query }, sink);
  },
  async 'eventsource-resuming'() {
    const { listen } = await import('./recipes/eventsource.mjs');
    return (query) => listen(url, query, { ...sink, fetch: reporting });
  },
  async urql() {
    const { Client, createRequest, fetchExchange } = await import('@urql/core');
    const { onEnd, pipe, subscribe } = await import('wonka');
    const client = new Client({ url, exchanges: [fetchExchange], fetchSubscriptions: true, preferGetMethod: false });
    return (query) => {
      const request = createRequest(query, {});
      if (!query.startsWith('subscription')) {
        client.executeQuery(request).toPromise().then(sink.next).then(sink.complete);
        return;
      }
      let last;
      // At the end it repeats its last result, and says that no other comes.
      const next = (result) => (result.hasNext === false && last && last.data === result.data ? undefined : sink.next(last = result));
      pipe(client.executeSubscription(request), onEnd(sink.complete), subscribe(next));
    };
  },
  async eventsource() {
    const { EventSource } = await import('eventsource');
    return (query) => {
      const source = new EventSource(`${url}?query=${encodeURIComponent(query)}`, {
        fetch: reporting,
      });
      source.addEventListener('next', ({ data }) => sink.next(JSON.parse(data)));
      source.addEventListener('complete', () => {
        source.close();
        sink.complete();
      });
      source.addEventListener('error', (event) => {
        if (source.readyState === EventSource.CLOSED) say({ error: event.message ?? `status ${event.code}` });
      });
    };
  },
  async 'apollo-4'() {
    const { ApolloClient, HttpLink, InMemoryCache, gql } = await import('@apollo/client');
    return apollo({ ApolloClient, HttpLink, InMemoryCache, gql });
  },
  async 'apollo-3'() {
    const { ApolloClient, HttpLink, InMemoryCache, gql } = await import('apollo-client-3/core/index.js');
    return apollo({ ApolloClient, HttpLink, InMemoryCache, gql });
  },
};

function apollo({ ApolloClient, HttpLink, InMemoryCache, gql }) {
  const client = new ApolloClient({ link: new HttpLink({ uri: url }), cache: new InMemoryCache() });
  return (query) => {
    const document = gql(query);
    if (document.definitions[0].operation === 'subscription') {
      client.subscribe({ query: document, fetchPolicy: 'no-cache' }).subscribe(sink);
      return;
    }
    client.query({ query: document, fetchPolicy: 'no-cache' }).then(sink.next, sink.error).then(sink.complete);
  };
}

const start = await clients[name]();
createInterface({ input: process.stdin }).on('line', start).on('close', () => process.exit(0));
