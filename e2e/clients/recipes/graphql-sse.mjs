// docs:start graphql-sse
import { resumable } from '@fanql/resume';
import { createClient } from 'graphql-sse';

export const newClient = (options) => resumable(createClient({ retryAttempts: Infinity, ...options }));
// docs:end graphql-sse
