// Holds a server to the audits of the package graphql-http and prints how each
// of them ended, as a list in JSON: node audits.mjs URL
import { auditServer } from 'graphql-http';

const results = await auditServer({ url: process.argv[2] });
const report = results.map(({ id, name, status, reason }) => ({ id, name, status, reason }));
process.stdout.write(`${JSON.stringify(report)}\n`);
