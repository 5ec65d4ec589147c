package session

import (
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

// burstSeconds is how many seconds' worth of messages a connection may send at
// once: a page that opens all of its subscriptions is no flood.
const burstSeconds = 10

// rates holds the messages of each connection to a rate, as far as this process
// receives them.
type rates struct {
	perSecond, burst float64

	mu      sync.Mutex
	buckets map[ports.ConnectionID]*bucket
	// sweepAt is how many buckets there are when the full ones are thrown away.
	sweepAt int
}

// bucket is refilled all the time, and each message takes one out of it.
type bucket struct {
	left float64
	at   time.Time
	// closing is set once the client is being disconnected: what it sent before that is
	// still coming.
	closing bool
}

const leastBuckets = 1024

func newRates(perSecond int) *rates {
	return &rates{
		perSecond: float64(perSecond), burst: float64(perSecond) * burstSeconds,
		buckets: map[ports.ConnectionID]*bucket{}, sweepAt: leastBuckets,
	}
}

// excess says whether a message is over the rate of its connection.
type excess int

const (
	withinRate excess = iota
	overRate
	alreadyOverRate // so that the connection is being closed
)

// take counts a message.
func (r *rates) take(id ports.ConnectionID, now time.Time) excess {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.buckets[id]
	if b == nil {
		r.sweep(now)
		b = &bucket{left: r.burst, at: now}
		r.buckets[id] = b
	}
	r.refill(b, now)
	switch {
	case b.left >= 1:
		b.left--
		return withinRate
	case b.closing:
		return alreadyOverRate
	}
	b.closing = true
	return overRate
}

// notClosed is called where the connection could not be closed: the next message over
// the rate is to close it.
func (r *rates) notClosed(id ports.ConnectionID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b := r.buckets[id]; b != nil {
		b.closing = false
	}
}

func (r *rates) refill(b *bucket, now time.Time) {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.left = min(b.left+passed*r.perSecond, r.burst)
		b.at = now
	}
}

// sweep forgets the connections that have been quiet for long enough to start
// afresh. It runs whenever their number has doubled, so that it costs a message
// next to nothing.
func (r *rates) sweep(now time.Time) {
	if len(r.buckets) < r.sweepAt {
		return
	}
	for id, b := range r.buckets {
		if r.refill(b, now); b.left >= r.burst {
			delete(r.buckets, id)
		}
	}
	r.sweepAt = max(2*len(r.buckets), leastBuckets)
}
