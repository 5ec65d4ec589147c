package peer

import (
	"context"
	"errors"
	"time"

	"github.com/fanql/fanql/ports"
)

// Push retries wait at first up to the one, and never longer than the other.
const firstBackoff, mostBackoff = 50 * time.Millisecond, 2 * time.Second

// Push sends a frame of an operation, and again while the failure may pass. It does not
// wait in the pace: an answer, an error or an end comes before events. ErrEnded: it
// was not sent.
func (p *Peers) Push(ctx context.Context, o Operation, frame ports.Frame) error {
	return p.retry(ctx, func() error { return p.pushOnce(ctx, o, frame) })
}

// PushEvent is Push at the pace that the transport can take.
func (p *Peers) PushEvent(ctx context.Context, o Operation, frame ports.Frame) error {
	return p.retry(ctx, func() error { return p.pushInTurn(ctx, o, frame) })
}

// retry makes a call of the pusher, and again with full jitter while the failure
// may pass.
func (p *Peers) retry(ctx context.Context, call func() error) error {
	for attempt, backoff := 1, firstBackoff; ; attempt, backoff = attempt+1, min(2*backoff, mostBackoff) {
		err := call()
		if err == nil || !mayPass(err) || attempt >= p.Attempts {
			return err
		}
		if Wait(ctx, time.Duration(p.Random()*float64(backoff))) != nil {
			return err
		}
		p.Observation.Count(ctx, ports.Counts{Retried: 1})
	}
}

// Attempt sends a frame of an operation once. ErrStuck: it may be accepted later.
// ErrEnded: it was not sent.
func (p *Peers) Attempt(ctx context.Context, o Operation, frame ports.Frame) error {
	return p.stuck(p.pushOnce(ctx, o, frame))
}

// AttemptEvent is Attempt at the pace that the transport can take.
func (p *Peers) AttemptEvent(ctx context.Context, o Operation, frame ports.Frame) error {
	return p.stuck(p.pushInTurn(ctx, o, frame))
}

// TakesAll reports whether AttemptAll may be called: the transport is a ports.Batcher,
// and is not throttled, where every push has a turn of its own.
func (p *Peers) TakesAll() bool { return p.batcher != nil && !p.pace.slow.Load() }

// AttemptAll is AttemptEvent for many connections in one call of the transport.
func (p *Peers) AttemptAll(ctx context.Context, pushes []ports.Push) []ports.Pushed {
	end := p.beginAll(ctx, pushes)
	results := p.batcher.PushAll(ctx, pushes)
	end(results)
	for i := range results {
		for range results[i].Accepted {
			p.pace.passed()
		}
		if err := results[i].Err; err != nil {
			p.notePace(ctx, pushes[i].To, err)
			results[i].Err = p.stuck(err)
		}
	}
	return results
}

// beginAll has the observer see a step for each connection: which of its frames are
// tried, only the transport knows.
func (p *Peers) beginAll(ctx context.Context, pushes []ports.Push) (end func([]ports.Pushed)) {
	if p.Observation.Observer == nil {
		return func([]ports.Pushed) {}
	}
	ends := make([]func(error), len(pushes))
	for i, push := range pushes {
		_, ends[i] = p.Observation.Begin(ctx, ports.Step{Name: ports.StepPush, Connection: push.To.ID})
	}
	return func(results []ports.Pushed) {
		for i, end := range ends {
			end(results[i].Err)
		}
	}
}

func (p *Peers) stuck(err error) error {
	if err != nil && mayPass(err) && p.Attempts > 1 {
		return ErrStuck
	}
	return err
}

// ErrStuck stands for a push that may be accepted when it is tried again.
var ErrStuck = errors.New("core: stuck")

// ErrEnded stands for a frame that was not sent, because its operation has ended.
var ErrEnded = errors.New("core: the operation has ended")

func mayPass(err error) bool {
	return !errors.Is(err, ports.ErrGone) && !errors.Is(err, ports.ErrTooLarge) && !errors.Is(err, ErrEnded)
}

// pushInTurn sends a frame when it is due.
func (p *Peers) pushInTurn(ctx context.Context, o Operation, frame ports.Frame) error {
	waited, err := p.pace.wait(ctx)
	if waited > 0 {
		p.Observation.Count(ctx, ports.Counts{Waited: waited})
	}
	if err != nil {
		return err
	}
	return p.pushOnce(ctx, o, frame)
}

func (p *Peers) pushOnce(ctx context.Context, o Operation, frame ports.Frame) error {
	if o.hasEnded() {
		return ErrEnded
	}
	ctx, end := p.Observation.Begin(ctx, ports.Step{Name: ports.StepPush, Connection: o.Address.ID})
	err := p.Pusher.Push(ctx, o.Address, frame)
	end(err)
	p.notePace(ctx, o.Address, err)
	return err
}

// notePace has the pace know what has become of a push.
func (p *Peers) notePace(ctx context.Context, to ports.Address, err error) {
	if !errors.Is(err, ports.ErrThrottled) {
		p.pace.passed()
		return
	}
	p.pace.throttled(to.ID)
	p.Observation.Count(ctx, ports.Counts{Throttled: 1})
}
