package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// errUnfinished is the verdict on events whose delivery goes on next time.
var errUnfinished = &ports.Error{Op: "core.Deliver", Kind: ports.ErrUnfinished}

// timeLeft is how long a delivery that began then may go on pushing events; false
// where nothing bounds it. What comes after needs Config.Reserve, or half of the time
// where that is less.
func (d *Deliverer) timeLeft(ctx context.Context, began time.Time) (left time.Duration, bounded bool) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		return 0, false
	}
	reserve := min(d.Reserve, max(deadline.Sub(began)/2, 0))
	return deadline.Add(-reserve).Sub(d.Now()), true
}

// within returns a context that ends when no time is left. What nothing bounds yet may
// be bounded later, where a worker has to end (ports.Drainable).
func within(ctx context.Context, left func() (time.Duration, bool)) (context.Context, context.CancelFunc) {
	if left, bounded := left(); bounded {
		return context.WithTimeout(ctx, left)
	}
	inner, cancel := context.WithCancel(ctx)
	stop := ports.AtDrain(ctx, func() {
		if left, _ := left(); peer.Wait(inner, left) == nil {
			cancel()
		}
	})
	return inner, func() { stop(); cancel() }
}

// outOfTime reports whether a delivery that began then must not push any more.
func (d *Deliverer) outOfTime(ctx context.Context, began time.Time) bool {
	left, bounded := d.timeLeft(ctx, began)
	return ctx.Err() != nil || bounded && left <= 0
}

// cut is the error of a delivery that its caller has cancelled: a worker that has
// lost its lease, or must end. Whoever has the events now delivers them again, so
// nobody's subscription ends for it, and no checkpoint is left: what was pushed in
// the end may have been void.
func cut(ctx context.Context) error {
	if err := ctx.Err(); errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
