package redis

import (
	"context"
	"sync/atomic"
	"time"
)

// delivery is the context of a worker's deliveries. It has no deadline until the
// worker has to end: nothing hurries a delivery before, and from then on an engine
// can tell how long it has to hand back what it cannot finish. Against the letter of
// context.Context its deadline so changes once; what was derived from it before is
// cancelled with it all the same.
type delivery struct {
	context.Context //nolint:containedctx // It is one.
	deadline        atomic.Pointer[time.Time]
}

// newDelivery returns the context, what sets its deadline, and what cancels it.
func newDelivery(held context.Context) (ctx context.Context, endIn func(time.Duration), cut context.CancelFunc) {
	inner, cut := context.WithCancel(held)
	d := &delivery{Context: inner}
	return d, d.endIn, cut
}

// Deadline implements context.Context.
func (d *delivery) Deadline() (deadline time.Time, ok bool) {
	if at := d.deadline.Load(); at != nil {
		return *at, true
	}
	return d.Context.Deadline()
}

func (d *delivery) endIn(length time.Duration) {
	deadline := time.Now().Add(length)
	d.deadline.Store(&deadline)
}
