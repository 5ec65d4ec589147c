package session

import (
	"context"
	"errors"
	"sync"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// limit has an operation answered when the deadline of its message passes, whether or
// not user code ends with its context. The function that it returns ends that.
func (h *Handler) limit(ctx context.Context, s *starting) (end func()) {
	s.overdue = sync.OnceValue(func() error { return h.endOverdue(ctx, s) })
	return h.atDeadline(ctx, s.overdue, s.Address)
}

// closeAtDeadline closes a connection when the deadline of its message passes.
func (h *Handler) closeAtDeadline(ctx context.Context, address ports.Address) (end func()) {
	return h.atDeadline(ctx, sync.OnceValue(func() error {
		return h.close(ctx, address, ports.CloseTryAgainLater, "Try again later")
	}), address)
}

// atDeadline calls what is to be done once the deadline passes. Where that fails, the
// connection is closed, so that its client does not wait for ever.
func (h *Handler) atDeadline(ctx context.Context, once func() error, address ports.Address) (end func()) {
	if _, limited := ctx.Deadline(); !limited {
		return func() {}
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		if isOverdue(ctx) && once() != nil {
			_ = h.close(ctx, address, ports.CloseTryAgainLater, "Try again later") // what once failed with is reported
		}
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}

// isOverdue reports whether the deadline of a message has passed.
func isOverdue(ctx context.Context) bool { return errors.Is(ctx.Err(), context.DeadlineExceeded) }

// answerOverdue answers an operation that took too long, unless that was done.
// OnSubscribe may have let it begin only then.
func (h *Handler) answerOverdue(ctx context.Context, s *starting) error {
	err := s.overdue()
	h.complete(ctx, s, ports.CompletedByError)
	return err
}

func (h *Handler) endOverdue(ctx context.Context, s *starting) error {
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	errs := ports.NewResponseErrors("the operation took too long")
	if h.lines.giveUp(s.taken.hold, byDeadline) {
		return h.fail(ctx, s, errs)
	}
	h.lines.ended(s.taken)
	ended, err := h.Peers.End(ctx, s.Ref, s.ReceivedAt, ports.CompletedByError)
	if err != nil || !ended {
		return err
	}
	return h.Peers.Fail(ctx, s.Operation, errs)
}
