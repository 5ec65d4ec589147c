package delivery

import (
	"context"
	"time"
)

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

// outOfTime reports whether a delivery that began then must not push any more.
func (d *Deliverer) outOfTime(ctx context.Context, began time.Time) bool {
	left, bounded := d.timeLeft(ctx, began)
	return ctx.Err() != nil || bounded && left <= 0
}

// pushing is the context of all pushes of events: what is under way when the time is
// up is cut, and not waited for.
func (f *fanout) pushing(ctx context.Context) (context.Context, context.CancelFunc) {
	if left, bounded := f.timeLeft(ctx, f.began); bounded {
		return context.WithTimeout(ctx, left)
	}
	return context.WithCancel(ctx)
}

// mostPatience is how long settle waits for one frame, or for one close.
const mostPatience = 5 * time.Second

// settling is the context of settle, and how long it waits for one frame or one close.
// A part of what is left of the deadline is for all of them: some connections are
// settled first, then the others, each with an event, an error and a close at worst.
// The rest is for a checkpoint.
func (f *fanout) settling(ctx context.Context) (_ context.Context, patience time.Duration, _ context.CancelFunc) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, mostPatience, cancel
	}
	all := deadline.Sub(f.Now()) * 3 / 4
	ctx, cancel := context.WithTimeout(ctx, all)
	return ctx, min(all/(2*3), mostPatience), cancel
}
