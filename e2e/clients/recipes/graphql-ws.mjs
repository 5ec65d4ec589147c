// docs:start graphql-ws
import { resumable } from '@fanql/resume';
import { createClient } from 'graphql-ws';

export const newClient = (options) => resumable(createClient({ retryAttempts: Infinity, shouldRetry: () => true, ...options }));
// docs:end graphql-ws
