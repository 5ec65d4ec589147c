// Package clients checks what the GraphQL clients that people use make of the
// chat, wherever it runs. The clients themselves are in e2e/clients.
package clients
