package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// ErrNoState is StateAs's answer where there is nothing to read: the request
// came without a connection, or no hook kept anything for it.
var ErrNoState = errors.New("core: no connection state: no hook has kept one, or the request came over HTTP")

// Connection is the connection for which a resolver or a hook runs.
//
// While an event is delivered, one execution may serve many subscribers with the
// same request: reading the state limits that to those with an equal state, and
// reading the ID to this one. Resolvers that read neither are executed once.
type Connection struct{ execution *run.Execution }

// ConnectionFrom returns the connection, from the context of a resolver, a
// Subscribe resolver, OnInit or OnSubscribe; the other hooks have it among their
// arguments. It reports false for a request that came over HTTP.
func ConnectionFrom(ctx context.Context) (Connection, bool) {
	x := run.From(ctx)
	if x == nil || x.Caller == nil {
		return Connection{}, false
	}
	return Connection{x}, true
}

// ID is the connection's ID.
func (c Connection) ID() ports.ConnectionID {
	return c.execution.ID()
}

// State is what a hook kept for the connection, as JSON; nil if nothing. It must
// not be modified.
func (c Connection) State() json.RawMessage {
	return c.execution.State()
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
	x := run.From(ctx)
	if x == nil || x.Event == nil {
		return ports.Event{}, false
	}
	return *x.Event, true
}
