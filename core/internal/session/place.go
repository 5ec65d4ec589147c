package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// row is the row of a query or mutation; a subscription adds to it.
func (s *starting) row() ports.Operation {
	limit := s.MaxOperations
	if s.connection.Identity != "" {
		limit++ // for the one that makes it the identity's
	}
	return ports.Operation{
		Ref:        s.Ref,
		Address:    s.Address,
		Protocol:   s.Dialect.Name(),
		ReceivedAt: s.ReceivedAt,
		// Not the connection's own, which may have been extended since it was read.
		ExpiresAt: s.Now().Add(s.ConnectionTTL),
		NotAfter:  s.connection.NotAfter,
		Limit:     limit,
	}
}

// place adds the operation. False with a nil error means that the client has
// been answered, or needs no answer.
func (s *starting) place(ctx context.Context, row ports.Operation) (proceed bool, err error) {
	switch {
	case isOverdue(ctx):
		return false, s.answerOverdue(ctx)
	case !s.lines.place(s.taken.hold):
		return false, s.givenUp(ctx)
	}
	err = s.add(ctx, row)
	switch {
	case err == nil:
		s.begun.Store(false) // whoever removes it calls OnComplete
		s.lines.placed(s.taken)
		s.Observation.Count(ctx, ports.Counts{Operations: 1})
		return true, nil
	case isOverdue(ctx): // the client has not been answered
	case errors.Is(err, ports.ErrCancelled):
		s.complete(ctx, ports.CompletedByClient)
		return false, s.completed(ctx, s.Dialect, s.Address, s.Ref.ID)
	case errors.Is(err, ports.ErrConflict):
		return false, s.duplicate(ctx)
	case errors.Is(err, ports.ErrNotFound): // nobody waits for it any more
		s.complete(ctx, ports.CompletedByDisconnect)
		return false, nil
	case errors.Is(err, errSuperseded):
		s.complete(ctx, ports.CompletedByClient)
		return false, nil
	case errors.Is(err, ports.ErrTooMany):
		return false, s.fail(ctx, ports.NewResponseErrors(fmt.Sprintf("a connection may have at most %d operations", s.MaxOperations)))
	case errors.Is(err, ports.ErrTooLarge):
		return false, s.fail(ctx, ports.NewResponseErrors("the operation is too large to be kept"))
	}
	if ctx.Err() == nil { // or the client has left
		s.Calls.Report(ctx, "adding an operation", err, hooks.Connection(s.Ref.Connection))
	}
	return false, s.failUnknown(ctx)
}

// add puts the operation in place. An ID in use is not at once a conflict: one
// subprotocol ends the old operation, as its reference does, and in the other a
// complete may be on its way that this subscribe has overtaken.
func (s *starting) add(ctx context.Context, row ports.Operation) error {
	const first, most = 5 * time.Millisecond, 100 * time.Millisecond
	patience, cancel := context.WithTimeout(ctx, s.ReorderWindow)
	defer cancel()
	for backoff := first; ; backoff = min(2*backoff, most) {
		err := s.Store.AddOperation(ctx, row)
		switch {
		case !errors.Is(err, ports.ErrConflict):
			return err
		case s.Dialect.ReplacesOperations():
			return s.replace(ctx, row)
		case peer.Wait(patience, backoff) != nil:
			return err
		}
	}
}

// errSuperseded: a later start of the same ID was handled first.
var errSuperseded = errors.New("core: superseded")

// replace ends the operation that has the ID and was received before.
func (s *starting) replace(ctx context.Context, row ports.Operation) error {
	// Just before this one: the tombstone must not cancel it.
	if _, err := s.Peers.End(ctx, s.Ref, row.ReceivedAt.Add(-1), ports.CompletedByClient); err != nil {
		return err
	}
	err := s.Store.AddOperation(ctx, row)
	if errors.Is(err, ports.ErrConflict) { // with one that was received later
		return errSuperseded
	}
	return err
}

// failUnknown ends an operation that may be in place all the same: after its error
// nothing may come.
func (s *starting) failUnknown(ctx context.Context) error {
	if err := s.Peers.Fail(ctx, s.Operation, ports.NewResponseErrors(hooks.InternalError)); err != nil {
		return err
	}
	ended, err := s.Peers.End(ctx, s.Ref, s.ReceivedAt, ports.CompletedByError)
	if !ended {
		s.complete(ctx, ports.CompletedByError)
	}
	return err
}
