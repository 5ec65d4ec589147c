// Package callback drives the subgraphs of examples/subgraph behind Hive Gateway,
// which gives them callback URLs: as programs that are killed, and as Lambda functions.
//
// The tests have the build tag e2e, because they need Node.js and Redis; `npm ci` in
// examples/subgraph/gateway installs the gateway.
package callback
