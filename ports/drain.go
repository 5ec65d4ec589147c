package ports

import (
	"context"
	"sync/atomic"
	"time"
)

// drainable is a context whose deadline comes later.
type drainable struct {
	context.Context //nolint:containedctx // It is one.
	deadline        atomic.Pointer[time.Time]
	begun           context.Context //nolint:containedctx // It ends when the deadline comes.
	begin           context.CancelFunc
}

type drainableKey struct{}

// Drainable returns a context for the deliveries of a worker. It has no deadline until
// endIn is called, because the worker has to end: nothing hurries a delivery before, and
// from then on an engine can tell how long it has to hand back what it cannot finish. At
// the deadline the context is cancelled. Cancel does so at once, and has to be called.
// EndIn is called once at the most.
//
// Against the letter of context.Context its deadline so changes once, and a context that
// was derived from it before does not have it; AtDrain says when it comes.
func Drainable(parent context.Context) (ctx context.Context, endIn func(time.Duration), cancel context.CancelFunc) {
	inner, cancel := context.WithCancel(parent)
	d := &drainable{Context: inner}
	d.begun, d.begin = context.WithCancel(context.WithoutCancel(parent))
	endIn = func(length time.Duration) {
		deadline := time.Now().Add(length)
		d.deadline.Store(&deadline)
		d.begin()
		timer := time.AfterFunc(length, cancel)
		context.AfterFunc(inner, func() { timer.Stop() })
	}
	return d, endIn, cancel
}

// AtDrain calls f in a goroutine of its own once a context that Drainable made, or one
// derived from it, is given its deadline, or has been; for other contexts never. Stop
// has f not be called any more.
func AtDrain(ctx context.Context, f func()) (stop func() bool) {
	d, ok := ctx.Value(drainableKey{}).(*drainable)
	if !ok {
		return func() bool { return true }
	}
	return context.AfterFunc(d.begun, f) //nolint:contextcheck // it ends when the deadline comes
}

// Deadline implements context.Context.
func (d *drainable) Deadline() (deadline time.Time, ok bool) {
	if at := d.deadline.Load(); at != nil {
		return *at, true
	}
	return d.Context.Deadline()
}

// Value implements context.Context.
func (d *drainable) Value(key any) any {
	if key == (drainableKey{}) {
		return d
	}
	return d.Context.Value(key)
}
