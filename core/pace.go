package core

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fanql/fanql/ports"
)

// pace slows all pushes of the process down while the transport is throttled as a
// whole: API Gateway's quota of requests is one for an account and region, shared
// with every other process. One connection that is throttled is a slow client and
// slows nobody down.
type pace struct {
	now func() time.Time
	// slow is false while pushes are not held up: then wait costs one load.
	slow atomic.Bool

	mu sync.Mutex
	// recent are the connections throttled since the window began.
	recent map[ports.ConnectionID]struct{}
	window time.Time
	// interval is the time between two pushes, and next when the next is due.
	interval time.Duration
	next     time.Time
}

const (
	// paceWindow is how long throttled connections are counted together, and how
	// long it takes without to go twice as fast.
	paceWindow = time.Second
	// manyThrottled are no longer slow clients by chance.
	manyThrottled = 3

	leastInterval = 200 * time.Microsecond
	mostInterval  = 200 * time.Millisecond
)

func newPace(now func() time.Time) *pace {
	return &pace{now: now, recent: map[ports.ConnectionID]struct{}{}}
}

// wait returns when the next push is due, and says how long that took.
func (p *pace) wait(ctx context.Context) (time.Duration, error) {
	if !p.slow.Load() {
		return 0, nil
	}
	delay := p.reserve()
	if delay <= 0 {
		return 0, nil
	}
	return delay, wait(ctx, delay)
}

func (p *pace) reserve() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.settle(now)
	if p.interval == 0 {
		return 0
	}
	if p.next.Before(now) {
		p.next = now
	}
	delay := p.next.Sub(now)
	p.next = p.next.Add(p.interval)
	return delay
}

// throttled notes that a push was refused for now.
func (p *pace) throttled(id ports.ConnectionID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.settle(now)
	p.recent[id] = struct{}{}
	if len(p.recent) < manyThrottled {
		return
	}
	clear(p.recent)
	p.window = now
	p.interval = min(max(2*p.interval, leastInterval), mostInterval)
	p.slow.Store(true)
}

// settle goes faster again for every window that has passed.
func (p *pace) settle(now time.Time) {
	for p.interval > 0 && now.Sub(p.window) >= paceWindow {
		p.window = p.window.Add(paceWindow)
		if p.interval /= 2; p.interval < leastInterval {
			p.interval = 0
			p.slow.Store(false)
		}
	}
	if now.Sub(p.window) >= paceWindow {
		p.window = now
		clear(p.recent)
	}
}
