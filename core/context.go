package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/fanql/fanql/ports"
)

// ErrNoState is StateAs's answer where there is nothing to read: the request
// came without a connection, or no hook kept anything for it.
var ErrNoState = errors.New("core: no connection state")

type executionKey struct{}

// execution is what one execution knows of its surroundings. It also notes what
// it is asked, because that decides with whom the result may be shared.
type execution struct {
	// connection is nil for a request over HTTP.
	connection *identity
	// event is nil but in a delivery and for an initial result. Its payload, decoded,
	// is kept for the executions of a delivery, and nil for one.
	event   *ports.Event
	decoded *decoded
	// subscription is nil but while a Subscribe resolver runs.
	subscription *subscription

	readState, readID atomic.Bool
}

// identity is the part of a connection that user code may ask for.
type identity struct {
	id    ports.ConnectionID
	state []byte
}

func withExecution(ctx context.Context, x *execution) context.Context {
	return context.WithValue(ctx, executionKey{}, x)
}

func executionFrom(ctx context.Context) *execution {
	x, _ := ctx.Value(executionKey{}).(*execution)
	return x
}

// Connection is the connection for which a resolver or a hook runs.
//
// While an event is delivered, one execution may serve many subscribers with the
// same request: reading the state limits that to those with an equal state, and
// reading the ID to this one. Resolvers that read neither are executed once.
type Connection struct{ execution *execution }

// ConnectionFrom returns the connection, from the context of a resolver, a
// Subscribe resolver, OnInit or OnSubscribe; the other hooks have it among their
// arguments. It reports false for a request that came over HTTP.
func ConnectionFrom(ctx context.Context) (Connection, bool) {
	x := executionFrom(ctx)
	if x == nil || x.connection == nil {
		return Connection{}, false
	}
	return Connection{x}, true
}

// ID is the connection's ID.
func (c Connection) ID() ports.ConnectionID {
	c.execution.readID.Store(true)
	return c.execution.connection.id
}

// State is what a hook kept for the connection, as JSON; nil if nothing. It must
// not be modified.
func (c Connection) State() json.RawMessage {
	c.execution.readState.Store(true)
	return c.execution.connection.state
}

// StateAs decodes the state of the connection. ErrNoState: there is none. Any
// other error says that the state is not a T.
func StateAs[T any](ctx context.Context) (T, error) {
	var state T
	connection, ok := ConnectionFrom(ctx)
	if !ok {
		return state, ErrNoState
	}
	encoded := connection.State()
	if encoded == nil {
		return state, ErrNoState
	}
	if err := json.Unmarshal(encoded, &state); err != nil {
		return state, fmt.Errorf("core: connection state as %T: %w", state, err)
	}
	return state, nil
}

// EventFrom returns the event that is being delivered: its ID, topic, payload
// and time. It reports false where there is none: in a query, a mutation or a
// hook. The event of an initial result has a payload only.
func EventFrom(ctx context.Context) (ports.Event, bool) {
	x := executionFrom(ctx)
	if x == nil || x.event == nil {
		return ports.Event{}, false
	}
	return *x.event, true
}
