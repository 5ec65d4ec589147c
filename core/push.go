package core

import (
	"context"
	"time"

	"github.com/fanql/fanql/ports"
)

// Push retries wait at first up to the one, and never longer than the other.
const firstBackoff, mostBackoff = 50 * time.Millisecond, 2 * time.Second

// push sends a frame, and again while the failure may pass.
func (e *Engine) push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	return e.insist(ctx, func() error { return e.pushOnce(ctx, to, frame) })
}

// insist makes a call of the pusher, and again with full jitter while the failure
// may pass.
func (e *Engine) insist(ctx context.Context, call func() error) error {
	for attempt, backoff := 1, firstBackoff; ; attempt, backoff = attempt+1, min(2*backoff, mostBackoff) {
		err := call()
		if err == nil || !mayPass(err) || attempt >= e.config.PushAttempts {
			return err
		}
		if wait(ctx, time.Duration(e.config.Random()*float64(backoff))) != nil {
			return err
		}
		e.observed.count(ctx, ports.Counts{Retried: 1})
	}
}

// attempt sends a frame once. What may succeed later is errStuck.
func (e *Engine) attempt(ctx context.Context, to ports.Address, frame ports.Frame) error {
	err := e.pushOnce(ctx, to, frame)
	if err != nil && mayPass(err) && e.config.PushAttempts > 1 {
		return errStuck
	}
	return err
}

func mayPass(err error) bool {
	return !isKind(err, ports.ErrGone) && !isKind(err, ports.ErrTooLarge)
}

// pushOnce sends a frame at the pace that the transport can take.
func (e *Engine) pushOnce(ctx context.Context, to ports.Address, frame ports.Frame) error {
	waited, err := e.pace.wait(ctx)
	if waited > 0 {
		e.observed.count(ctx, ports.Counts{Waited: waited})
	}
	if err != nil {
		return err
	}
	ctx, end := e.observed.begin(ctx, ports.Step{Name: ports.StepPush, Connection: to.ID})
	err = e.config.Pusher.Push(ctx, to, frame)
	end(err)
	if !isKind(err, ports.ErrThrottled) {
		e.pace.passed()
		return err
	}
	e.pace.throttled(to.ID)
	e.observed.count(ctx, ports.Counts{Throttled: 1})
	return err
}
