package peer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fanql/fanql/ports"
)

// pace slows all events of the process down while the transport is throttled as a
// whole: API Gateway's quota of requests is one for an account and region, shared
// with every other process. One connection that is throttled is a slow connection
// and slows nobody down, and neither do a few of very many.
type pace struct {
	now func() time.Time
	// slow is false while events are not held up: then wait costs one load.
	slow atomic.Bool
	// watching is true from the first throttled push of a window on; the pushes that
	// were accepted meanwhile are counted.
	watching atomic.Bool
	accepted atomic.Int64
	// turn is held by whoever waits for the next push to be due. So a turn is computed
	// when it comes, and not before.
	turn chan struct{}

	mu sync.Mutex
	// refused are the connections throttled since the window began. A connection counts
	// once: its own retries say nothing about the transport.
	refused map[ports.ConnectionID]struct{}
	window  time.Time
	// interval is the time between two pushes, and next when the next is due.
	interval time.Duration
	next     time.Time
	// quiet is since when there were not many refusals, or the interval last made
	// shorter.
	quiet time.Time
}

const (
	// paceWindow is how long throttled connections are counted together, and how long
	// it takes to know what the transport accepts.
	paceWindow = time.Second
	// manyThrottled connections are no longer slow by chance, if they are one in
	// manyOf of all that are pushed to.
	manyThrottled = 3
	manyOf        = 10

	// paceReaction is how long an interval is tried with which nothing is accepted,
	// and paceRecovery how long without many refusals makes it half as long: the
	// longest is at an end after two windows.
	paceReaction = 100 * time.Millisecond
	paceRecovery = 250 * time.Millisecond

	leastInterval = 200 * time.Microsecond
	mostInterval  = 50 * time.Millisecond
)

func newPace(now func() time.Time) *pace {
	return &pace{now: now, turn: make(chan struct{}, 1), refused: map[ports.ConnectionID]struct{}{}}
}

// wait returns when the next push is due, and says how long that took.
func (p *pace) wait(ctx context.Context) (time.Duration, error) {
	if !p.slow.Load() {
		return 0, nil
	}
	began := p.now()
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return p.now().Sub(began), ctx.Err()
	}
	defer func() { <-p.turn }()
	var err error
	if delay := p.delay(); delay > 0 {
		err = Wait(ctx, delay)
	}
	return p.now().Sub(began), err
}

// delay is how long it is until the next push is due.
func (p *pace) delay() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.recover(now)
	if p.interval == 0 {
		return 0
	}
	if p.next.Before(now) {
		p.next = now
	}
	delay := p.next.Sub(now)
	p.next = p.next.Add(p.interval)
	return min(delay, p.interval)
}

// throttled notes that a push was refused for now.
func (p *pace) throttled(id ports.ConnectionID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.recover(now)
	if !p.watching.Load() || now.Sub(p.window) >= 2*paceWindow {
		p.begin(now)
	}
	p.refused[id] = struct{}{}
	p.watching.Store(true)
	refused, accepted, watched := int64(len(p.refused)), p.accepted.Load(), now.Sub(p.window)
	if refused < manyThrottled || refused*manyOf < refused+accepted {
		if watched >= paceWindow {
			p.begin(now)
		}
		return
	}
	p.quiet = now
	switch {
	case p.interval == 0:
		p.interval = leastInterval
	case accepted == 0 && watched >= paceReaction:
		p.interval = min(4*p.interval, mostInterval)
	case accepted > 0 && watched >= paceWindow:
		p.interval = min(max(p.interval, watched/time.Duration(accepted)), mostInterval)
	default:
		return
	}
	p.slow.Store(true)
	p.begin(now)
}

// recover makes the interval shorter for all the time that it was long enough.
func (p *pace) recover(now time.Time) {
	for p.interval > 0 && now.Sub(p.quiet) >= paceRecovery {
		p.quiet = p.quiet.Add(paceRecovery)
		if p.interval /= 2; p.interval < leastInterval {
			p.interval = 0
			p.slow.Store(false)
		}
	}
}

// begin begins a window.
func (p *pace) begin(now time.Time) {
	clear(p.refused)
	p.window = now
	p.watching.Store(false)
	p.accepted.Store(0)
}

// passed notes that a push was not refused.
func (p *pace) passed() {
	if p.watching.Load() {
		p.accepted.Add(1)
	}
}
