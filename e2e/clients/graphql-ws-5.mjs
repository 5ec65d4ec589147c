// graphql-ws, the last release of its version 5, which most pages still use.
import { createClient } from 'graphql-ws-5';
import { graphqlWS } from './graphql-ws-client.mjs';
import { run } from './scenario.mjs';

await run('graphql-ws-5', graphqlWS(createClient));
