// What the releases of graphql-ws have in common.

/** options for createClient: one socket from beginning to end, and no second try. */
export function options({ url, name, WebSocket }) {
  return { url, connectionParams: { name }, webSocketImpl: WebSocket, lazy: false, retryAttempts: 0, onNonLazyError: fail };
}

/** graphqlWS makes a client for the scenario from a release's createClient. */
export function graphqlWS(createClient) {
  return (settings) => {
    const client = createClient(options(settings));
    return {
      subscribe: (query, variables, { next, error }) =>
        client.subscribe({ query, variables }, {
          next: ({ data, errors }) => (errors ? error(messages(errors)) : next(data)),
          error: (cause) => error(messages(cause)),
          complete() {},
        }),
      execute: (query, variables) => new Promise((resolve, reject) => {
        client.subscribe({ query, variables }, {
          next: ({ data, errors }) => (errors ? reject(new Error(messages(errors).join('; '))) : resolve(data)),
          error: (cause) => reject(new Error(messages(cause).join('; '))),
          complete() {},
        });
      }),
      close: () => client.dispose(),
    };
  };
}

/** messages are the texts of what a client calls an error: a list of GraphQL errors, an Error or a close event. */
export function messages(cause) {
  if (Array.isArray(cause)) return cause.map((error) => error.message);
  return [cause.message ?? `closed: ${cause.code} ${cause.reason}`];
}

function fail(cause) {
  throw new Error(messages(cause).join('; '));
}
