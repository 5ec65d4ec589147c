// docs:start socket
import { resumable } from '@fanql/resume';
import { createClient } from 'graphql-ws';
import { token } from './token';

const url = new URL('/graphql', location.href);
url.protocol = url.protocol.replace('http', 'ws');
url.hash = '';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The one socket of the page: it opens with the first subscription, and closes after the last. */
export const socket = resumable(
  createClient({
    url: url.href,
    connectionParams: async () => ({ token: await token() }), // asked each time it connects
    retryAttempts: Infinity,
    shouldRetry: () => true, // also while no server answers
    // Up to 15 seconds, by chance: not all pages come back at once.
    retryWait: (retries) => pause(Math.random() * Math.min(1000 * 2 ** retries, 15_000)),
    keepAlive: 60_000, // API Gateway closes what is silent for ten minutes
  }),
);
// docs:end socket
