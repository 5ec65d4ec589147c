package apigw

import (
	"context"

	"github.com/fanql/fanql/ports"
)

// Engine is what the WebSocket handler calls. Every method may be called
// concurrently, for one connection too, from this process and from others. The
// context is the invocation's: it ends with the function's timeout.
type Engine interface {
	// Connect decides on a handshake. A *ports.Refusal in the error (errors.As)
	// answers it with the refusal's status; any other error fails it.
	Connect(ctx context.Context, handshake ports.Handshake) (ports.Accepted, error)

	// Receive handles one message; its answers come through the Pusher. An error
	// means that the client does not know, and fails the invocation.
	Receive(ctx context.Context, message ports.Message) error

	// Disconnect is called once a socket is closed. It may never be called for a
	// connection, and for one that the engine closed itself it comes late.
	Disconnect(ctx context.Context, disconnection ports.Disconnection) error
}
