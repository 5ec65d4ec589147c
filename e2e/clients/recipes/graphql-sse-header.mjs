// docs:start graphql-sse-header
import { createClient } from 'graphql-sse';

/** A client of its own for one subscription, which resumes by the header Last-Event-ID. */
export function subscribe(options, request, sink) {
  let last;
  const client = createClient({
    ...options,
    headers: () => (last ? { 'Last-Event-ID': last } : {}),
    onMessage: ({ data }) => (last = data?.extensions?.event?.position ?? last),
  });
  return client.subscribe(request, sink);
}
// docs:end graphql-sse-header
