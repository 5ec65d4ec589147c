// Package stores drives the chat on each of its backends, and on a fleet of two
// gateways, with the npm clients. Its tests have the build tag e2e.
package stores
