// Package stores drives the chat on each of its backends, its schema in each
// library, with the npm clients, and as a fleet of two gateways. Its tests have the
// build tag e2e.
package stores
