package websocket

import (
	"context"

	"github.com/fanql/fanql/ports"
)

// Engine is what the server calls. Every method may be called concurrently. A
// context carries the values of the handshake's request; except for Connect's
// and Disconnect's it ends when the socket closes. A panic is logged and closes
// the connection with 1011.
type Engine interface {
	// Connect decides on a handshake. A *ports.Refusal in the error (errors.As)
	// is sent to the client: as an HTTP answer, or for code 4406 (subprotocol)
	// as the close code of a socket that is opened for it. Any other error
	// answers without detail: 503 with a Retry-After where a store is away or
	// full (ports.Unavailable), and otherwise 500.
	Connect(ctx context.Context, handshake ports.Handshake) (ports.Accepted, error)

	// Take is called for a connection's messages one after the other, in their order,
	// and must not block. It returns what handles the message, which is called once,
	// concurrently with others; answers come through the Pusher. Its context ends
	// after HandleTimeout. An error is logged; what the client has to know of it is
	// for the engine to say.
	Take(message ports.Message) (handle func(ctx context.Context) error)

	// ExpireInit is called once, when InitTimeout is over: a connection that is
	// still without connection_init is to be closed with 4408.
	ExpireInit(ctx context.Context, address ports.Address) error

	// KeepAlive is called at every KeepAlive interval of a live connection.
	KeepAlive(ctx context.Context, address ports.Address) error

	// Disconnect is called exactly once for each Connect that succeeded, after
	// its socket is closed.
	Disconnect(ctx context.Context, disconnection ports.Disconnection) error
}
