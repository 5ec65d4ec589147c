package ports

import "fmt"

// Accepted is the engine's yes to a handshake.
type Accepted struct {
	// Protocol is the subprotocol to answer with.
	Protocol string
	// Identity is who the client is, as OnConnect said; empty when it did not.
	Identity string
}

// Refusal is the engine's no to a transport, in words that the client may read. Hooks
// refuse with a PublicError.
type Refusal struct {
	// Status is the HTTP status for a handshake or a request; 403 when 0.
	Status int
	// Code is the WebSocket close code for a socket that is open; 4403 when 0.
	Code int
	// Reason is sent to the client; at most 123 bytes of it fit a close frame.
	Reason string
	// Extensions, if any, are those of the GraphQL error with the Reason, where the
	// answer is a GraphQL response: a close frame and the answer to the handshake of a
	// socket have no room for them.
	Extensions map[string]any
}

// Error says that the engine refused and why.
func (r *Refusal) Error() string { return fmt.Sprintf("refused: %s", r.Reason) }
