package run

import (
	"context"
	"sync/atomic"

	"github.com/fanql/fanql/ports"
)

type executionKey struct{}

// Execution is what one execution knows of its surroundings. It also notes what
// it is asked, because that decides with whom the result may be shared.
type Execution struct {
	// Caller is nil for a request over HTTP.
	Caller *Caller
	// Event is nil but in a delivery and for an initial result. Its payload, decoded,
	// is kept for the executions of a delivery, and nil for one.
	Event   *ports.Event
	Decoded *Decoded
	// Position is that of the event as clients have it, if a history has the event.
	Position string
	// CaughtUp: the event comes from the history. Gap: an initial result stands for
	// events that no history has any more.
	CaughtUp, Gap bool
	// Subscription is nil but while a Subscribe resolver runs.
	Subscription *Subscription

	readState, readID atomic.Bool
}

// Caller is the part of a connection that user code may ask for.
type Caller struct {
	id    ports.ConnectionID
	state []byte
}

// NewCaller is the caller that a connection is.
func NewCaller(id ports.ConnectionID, state []byte) *Caller { return &Caller{id, state} }

// ID is the connection's ID. That it was read is noted.
func (x *Execution) ID() ports.ConnectionID {
	x.readID.Store(true)
	return x.Caller.id
}

// State is what a hook kept for the connection. That it was read is noted.
func (x *Execution) State() []byte {
	x.readState.Store(true)
	return x.Caller.state
}

// Scope says with whom the result of the execution may be shared.
func (x *Execution) Scope() Scope {
	switch {
	case x.readID.Load():
		return OneCaller
	case x.readState.Load():
		return EqualStates
	}
	return Everyone
}

// Scope is with whom a result may be shared, among callers with the same request.
type Scope int

// The scopes. The zero value is for what has not been executed.
const (
	Everyone Scope = iota + 1
	EqualStates
	OneCaller
)

// With returns a context for user code that runs in the execution.
func With(ctx context.Context, x *Execution) context.Context {
	return context.WithValue(ctx, executionKey{}, x)
}

// From finds the execution that user code runs in; nil if it runs in none.
func From(ctx context.Context) *Execution {
	x, _ := ctx.Value(executionKey{}).(*Execution)
	return x
}
