package ports

import (
	"encoding/json"
	"net/http"
)

// Stream is a connection that is no socket: the answer to one HTTP request, which
// stays open and carries one operation. What reads the request makes it, and what
// holds the client sockets of the process holds it among them.
type Stream struct {
	// Header is the header of the answer.
	Header http.Header
	// Init is what the payload of connection_init is to a socket: a JSON object, or
	// empty.
	Init json.RawMessage
	// Payload is the payload of the subscribe message, a JSON object.
	Payload json.RawMessage
	// ReadOnly is Message.ReadOnly.
	ReadOnly bool
	// Format is how the stream is written.
	Format StreamFormat
}

// StreamFormat says how a stream is written. Its methods are called one after the
// other, and what they return is never modified.
type StreamFormat interface {
	// Begin is what the answer begins with; may be empty.
	Begin() []byte
	// Next is one GraphQL response, as JSON. Many streams share its bytes.
	Next(response []byte) Frame
	// Errors are the errors for which the operation ends, a JSON list. End follows.
	Errors(errors []byte) Frame
	// Refused says that the server ends the stream and the client must not come back.
	// End follows.
	Refused(code int, reason string) Frame
	// KeepAlive is a sign of life that clients ignore.
	KeepAlive() Frame
	// End is what the answer ends with: the operation is over.
	End() Frame
}
