package session

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// starting is an operation on its way into place.
type starting struct {
	*connections
	peer.Operation
	connection ports.Connection
	taken      *taken
	// begun is true from OnSubscribe's yes until OnComplete is called, or the store
	// says who calls it.
	begun atomic.Bool
	// overdue answers the client once the time for the message is over.
	overdue func() error
}

// caller is whom user code runs for.
func (s *starting) caller() *run.Caller {
	return run.NewCaller(s.connection.Address.ID, s.connection.State)
}

// execution is a fresh one, for one call of user code.
func (s *starting) execution() *run.Execution { return &run.Execution{Caller: s.caller()} }

// refuse answers an operation that is not put in place with an error.
func (s *starting) refuse(ctx context.Context, errs ports.ResponseErrors) error {
	switch {
	case isOverdue(ctx):
		return s.answerOverdue(ctx)
	case !s.lines.place(s.taken.hold):
		return s.givenUp(ctx)
	}
	return s.fail(ctx, errs)
}

// fail ends an operation that is not in place with an error.
func (s *starting) fail(ctx context.Context, errs ports.ResponseErrors) error {
	s.lines.release(s.taken)
	s.complete(ctx, ports.CompletedByError)
	return s.Peers.Fail(ctx, s.Operation, errs)
}

// duplicate answers an operation whose ID is in use.
func (s *starting) duplicate(ctx context.Context) error {
	s.complete(ctx, ports.CompletedByDisconnect)
	return s.answer(ctx, s.Address, s.Dialect.Duplicate(string(s.Ref.ID)))
}

// givenUp is the end of an operation that was not to be put in place any more.
func (s *starting) givenUp(ctx context.Context) error {
	switch s.lines.givenUp(s.taken.hold) {
	case byComplete:
		s.complete(ctx, ports.CompletedByClient)
		return s.completed(ctx, s.Dialect, s.Address, s.Ref.ID)
	case byLaterStart:
		s.complete(ctx, ports.CompletedByClient)
	case byDeadline:
		return s.answerOverdue(ctx)
	default:
		s.complete(ctx, ports.CompletedByDisconnect)
	}
	return nil
}

// complete runs OnComplete for an operation that is not in place, if OnSubscribe let
// it begin.
func (s *starting) complete(ctx context.Context, reason ports.CompletionReason) {
	if !s.begun.Swap(false) {
		return
	}
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	s.Calls.Complete(ctx, s.Ref, reason)
}

// limit has an operation answered when the deadline of its message passes, whether or
// not user code ends with its context. The function that it returns ends that.
func (s *starting) limit(ctx context.Context) (end func()) {
	s.overdue = sync.OnceValue(func() error { return s.endOverdue(ctx) })
	return s.atDeadline(ctx, s.overdue, s.Address)
}

// answerOverdue answers an operation that took too long, unless that was done.
// OnSubscribe may have let it begin only then.
func (s *starting) answerOverdue(ctx context.Context) error {
	err := s.overdue()
	s.complete(ctx, ports.CompletedByError)
	return err
}

func (s *starting) endOverdue(ctx context.Context) error {
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	errs := ports.NewResponseErrors("the operation took too long")
	if s.lines.giveUp(s.taken.hold, byDeadline) {
		return s.fail(ctx, errs)
	}
	s.lines.ended(s.taken)
	ended, err := s.Peers.End(ctx, s.Ref, s.ReceivedAt, ports.CompletedByError)
	if err != nil || !ended {
		return err
	}
	return s.Peers.Fail(ctx, s.Removed(), errs)
}
