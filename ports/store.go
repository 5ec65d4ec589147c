package ports

import (
	"context"
	"iter"
)

// Store keeps connections and operations. It is one value, because whether an
// operation may exist is decided at its connection, in one atomic step.
type Store interface {
	ConnectionStore
	SubscriptionStore
}

// Backend is what one technology keeps for an engine: its rows and its events.
// An adapter makes one with one constructor, which is given every setting once.
//
// What a backend can do besides is an interface of its own, which a program asks
// for with a type assertion: EventSource where the process delivers the events,
// History where subscribers can catch up, Fleet where many processes with sockets
// share the backend.
type Backend interface {
	Store
	EventBus
}

// Fleet is a backend that many processes with sockets share.
type Fleet interface {
	// Router returns the router of a process that joins the fleet. Process names
	// it, and is the Endpoint in the addresses of its connections; no other
	// process of the fleet that is alive has that name. Sockets are those that the
	// process holds, nil where it holds none, such as a worker. It does no I/O.
	// ErrInvalid: the name is empty.
	Router(process string, sockets Sockets) (Router, error)
}

// Sockets are the client sockets that a process holds. Push and Close must not
// wait for a client: one goroutine does what all other processes ask for.
type Sockets interface {
	Pusher
	// Connections yields the connection of every socket.
	Connections() iter.Seq[ConnectionID]
}

// Router is the Pusher of one process in a fleet. It pushes to the sockets of the
// process itself, and has the process that an address names push to the others.
// What that process's own sockets answered, the call returns: nil means that they
// have taken the frame. ErrGone: also, the process is dead. ErrInvalid: the
// address has no endpoint.
//
// A program runs the router, serves clients once it is Ready, and, to end, shuts
// its sockets down, ends EventSource.Consume, and ends Run last: what is still
// being delivered needs the router.
type Router interface {
	Pusher

	// Run keeps the process in the fleet until ctx ends: other processes reach its
	// sockets, and the connections of processes that died are disconnected. Then it
	// returns nil. It recovers from failures of the backend that may pass; the error
	// is one that does not, such as a command that is forbidden. ErrInvalid: the
	// router is running already.
	Run(ctx context.Context, disconnect DisconnectFunc) error

	// Ready returns nil when other processes can reach this one for the first time.
	// A client that is served earlier may count as gone for the others. The error is
	// that ctx or Run has ended before, and holds the last failure of the backend.
	Ready(ctx context.Context) error
}

// DisconnectFunc cleans up after a socket that is gone; after an error it is
// called again. It may be called for one connection more than once, by several
// processes, and concurrently. The engine's Disconnect is one.
type DisconnectFunc func(ctx context.Context, disconnection Disconnection) error
