package peer

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
// slows nobody down, and neither do a few of very many.
type pace struct {
	now func() time.Time
	// slow is false while pushes are not held up: then wait costs one load.
	slow atomic.Bool
	// watching is true from the first throttled push of a window on; the pushes that
	// succeed meanwhile are counted.
	watching  atomic.Bool
	succeeded atomic.Int64

	mu sync.Mutex
	// recent are the connections throttled since the window began, and refused how
	// many of their pushes were.
	recent  map[ports.ConnectionID]struct{}
	refused int64
	window  time.Time
	// interval is the time between two pushes, and next when the next is due.
	interval time.Duration
	next     time.Time
}

const (
	// paceWindow is how long throttled connections are counted together, and how
	// long it takes without to go twice as fast.
	paceWindow = time.Second
	// manyThrottled are no longer slow clients by chance, if they are one in
	// manyOf of all pushes.
	manyThrottled = 3
	manyOf        = 50

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
	return delay, Wait(ctx, delay)
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
	p.refused++
	p.watching.Store(true)
	if len(p.recent) < manyThrottled || p.refused*manyOf < p.succeeded.Load() {
		return
	}
	p.begin(now)
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
		p.begin(now)
	}
}

// begin begins a window.
func (p *pace) begin(now time.Time) {
	clear(p.recent)
	p.window, p.refused = now, 0
	p.watching.Store(false)
	p.succeeded.Store(0)
}

// passed notes that a push was not refused.
func (p *pace) passed() {
	if p.watching.Load() {
		p.succeeded.Add(1)
	}
}
