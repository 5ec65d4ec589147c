package callback

import (
	"context"

	"github.com/fanql/fanql/ports"
)

// Engine is what a handler and heartbeats call. Every method may be called concurrently.
type Engine interface {
	// Connect decides on a connection of which the handshake says that it is a callback.
	// A *ports.Refusal in the error is sent to the router, with its status, reason and
	// extensions. ErrConflict: there is one.
	Connect(ctx context.Context, handshake ports.Handshake) (ports.Accepted, error)

	// Receive handles connection_init or a subscribe message; answers come through the
	// Pusher.
	Receive(ctx context.Context, message ports.Message) error

	// KeepAlive renews a connection's rows.
	KeepAlive(ctx context.Context, address ports.Address) error

	// Disconnect removes a connection with its operation. It may be repeated.
	Disconnect(ctx context.Context, disconnection ports.Disconnection) error
}
