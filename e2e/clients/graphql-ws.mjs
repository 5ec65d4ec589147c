// graphql-ws, the newest release.
import { createClient } from 'graphql-ws';
import { graphqlWS } from './graphql-ws-client.mjs';
import { run } from './scenario.mjs';

await run('graphql-ws', graphqlWS(createClient));
