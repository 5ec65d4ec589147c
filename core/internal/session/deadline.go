package session

import (
	"context"
	"errors"
	"sync"

	"github.com/fanql/fanql/ports"
)

// closeAtDeadline closes a connection when the deadline of its message passes.
func (c *connections) closeAtDeadline(ctx context.Context, address ports.Address) (end func()) {
	return c.atDeadline(ctx, sync.OnceValue(func() error {
		return c.close(ctx, address, ports.CloseTryAgainLater, "Try again later")
	}), address)
}

// atDeadline calls what is to be done once the deadline passes. Where that fails, the
// connection is closed, so that its client does not wait for ever.
func (c *connections) atDeadline(ctx context.Context, once func() error, address ports.Address) (end func()) {
	if _, limited := ctx.Deadline(); !limited {
		return func() {}
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		if isOverdue(ctx) && once() != nil {
			_ = c.close(ctx, address, ports.CloseTryAgainLater, "Try again later") // what once failed with is reported
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
