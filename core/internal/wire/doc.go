// Package wire encodes and decodes the two WebSocket subprotocols of GraphQL:
// graphql-transport-ws (PROTOCOL.md of the npm package graphql-ws) and the
// legacy graphql-ws (PROTOCOL.md of subscriptions-transport-ws).
//
// It is pure: bytes in, values out, nothing remembered. Everything in it may be
// called concurrently.
package wire
