// Holds a server to the audits of the package graphql-http and prints how each
// of them ended, as a list in JSON: node audits.mjs URL
import { auditServer } from 'graphql-http';

const results = await auditServer({ url: process.argv[2] });
console.log(
  JSON.stringify(
    results.map(({ id, name, status, reason, response }) => ({
      id,
      name,
      status,
      reason: reason && `${reason} (status ${response.status})`,
    })),
  ),
);
