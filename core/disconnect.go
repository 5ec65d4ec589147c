package core

import (
	"context"
	"errors"

	"github.com/fanql/fanql/ports"
)

// Disconnect hears from the transport that a socket is closed. It removes the
// connection with its operations and runs OnComplete for each of them, then
// OnDisconnect. Repeating it is harmless: the hooks run once.
func (e *Engine) Disconnect(ctx context.Context, disconnection ports.Disconnection) error {
	ctx = e.withPublisher(ctx)
	ctx, end := e.observed.begin(ctx, ports.Step{Name: ports.StepDisconnect, Connection: disconnection.Address.ID})
	ctx, cancel := detached(ctx)
	defer cancel()
	err := e.forget(ctx, disconnection)
	end(err)
	return err
}

func (e *Engine) forget(ctx context.Context, disconnection ports.Disconnection) error {
	_, err := e.remove(ctx, disconnection)
	return err
}

// remove deletes a connection and runs the hooks for what it took away.
func (e *Engine) remove(ctx context.Context, disconnection ports.Disconnection) (ports.Removed, error) {
	removed, err := e.config.Connections.DeleteConnection(ctx, disconnection.Address.ID)
	if err != nil || !removed.Found {
		return removed, err
	}
	own := withoutIdentity(removed.Operations)
	e.observed.count(ctx, ports.Counts{Connections: -1, Operations: -len(own)})
	for _, ref := range own {
		e.callOnComplete(ctx, ref, CompletedByDisconnect)
	}
	e.callOnDisconnect(ctx, Disconnected{
		Connection: removed.Connection, Code: disconnection.Code, Reason: disconnection.Reason,
	})
	return removed, nil
}

func isKind(err, kind error) bool { return err != nil && errors.Is(err, kind) }
