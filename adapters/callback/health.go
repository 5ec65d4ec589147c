package callback

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

// health remembers which callbacks and hosts fail, so that the dead ones cost the
// others no time: a callback that has failed often is left alone for a while, and so
// are all of a host with which no connection can be made. What has failed for long
// enough counts as gone.
type health struct {
	now    func() time.Time
	giveUp time.Duration

	mu  sync.Mutex
	bad map[string]*failing
	// good is when a host last took a post, while something fails.
	good  map[string]time.Time
	sweep int // how many there are when the old ones are thrown away
}

// failing is one callback, or one host, that fails.
type failing struct {
	since, last time.Time
	// lasts is how long a failure says something.
	lasts time.Duration
	// count is how often it has failed in succession.
	count int
	// until is how long it is left alone.
	until time.Time
}

const (
	// tries come before a callback, or a host, is left alone.
	tries = 4
	// aloneShare of Config.GiveUp is for a callback whose host takes other posts.
	aloneShare = 3
	// firstRest and mostRest are how long it is left alone.
	firstRest, mostRest = 100 * time.Millisecond, 2 * time.Second
	// leastBad is how many failing ones are remembered in any case.
	leastBad = 1024
)

// errResting: the callback, or its host, has failed before, and is left alone.
var errResting = errors.New("the callback has failed before, and is left alone for a while")

func newHealth(now func() time.Time, giveUp time.Duration) *health {
	return &health{now: now, giveUp: giveUp, bad: map[string]*failing{}, good: map[string]time.Time{}, sweep: leastBad}
}

// admit says whether a post may be tried: nil, errResting, or ports.ErrGone where
// there is no hope.
func (h *health) admit(keys ...string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	var resting *failing
	for _, key := range keys {
		of := h.bad[key]
		switch {
		case of == nil || of.isOld(now):
		case of.count < tries || !now.Before(of.until):
			// One tries, and the others go on waiting for what comes of it.
			if of.count >= tries {
				of.until = now.Add(of.rest())
			}
		case now.Sub(of.since) >= h.giveUp:
			return ports.ErrGone
		default:
			resting = of
		}
	}
	if resting != nil {
		return errResting
	}
	return nil
}

// rest is how long to leave it alone.
func (f *failing) rest() time.Duration { return min(firstRest<<min(f.count-tries, 10), mostRest) }

// isOld reports whether the last failure is so long ago that it says nothing any more.
func (f *failing) isOld(now time.Time) bool { return now.Sub(f.last) > f.lasts }

// passed forgets what has failed before.
func (h *health) passed(keys ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range keys {
		delete(h.bad, key)
	}
}

// took notes that a host took a post.
func (h *health) took(host string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.bad) > 0 {
		h.good[host] = h.now()
	}
}

// isAlone reports whether a callback fails for a reason of its own, and has done so for
// long enough: its host has taken other posts since. Many of a topic that fail so would
// otherwise hold up the others one after the other.
func (h *health) isAlone(id, host string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	of := h.bad[id]
	return of != nil && of.count >= tries && h.now().Sub(of.since) >= h.giveUp/aloneShare && h.good[host].After(of.since)
}

// callbackFailed is failed of a callback, which may be asked by its heartbeats only: a
// failure says something until several of them are due.
func (h *health) callbackFailed(id string, weight int) (gone bool) {
	return h.failed(id, weight, h.giveUp+time.Minute)
}

// hostFailed is failed of a host. It was well for all that is known where nobody has
// asked it for as long as it takes to give it up.
func (h *health) hostFailed(host string) (gone bool) { return h.failed(host, 1, h.giveUp) }

// failed notes a failure, of the weight of so many, that says something for so long, and
// reports whether it has gone on for too long, and not only twice.
func (h *health) failed(key string, weight int, lasts time.Duration) (gone bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	of := h.bad[key]
	if of == nil || of.isOld(now) {
		h.clear(now)
		of = &failing{since: now, lasts: lasts}
		h.bad[key] = of
	}
	of.last = now
	if of.count += weight; of.count >= tries {
		of.until = now.Add(of.rest())
	}
	return of.count >= tries && now.Sub(of.since) >= h.giveUp
}

// clear throws away what is old whenever the number has doubled.
func (h *health) clear(now time.Time) {
	if len(h.bad) < h.sweep {
		return
	}
	for key, of := range h.bad {
		if of.isOld(now) {
			delete(h.bad, key)
		}
	}
	for host, at := range h.good {
		if now.Sub(at) > h.giveUp+time.Minute {
			delete(h.good, host)
		}
	}
	h.sweep = max(2*len(h.bad), leastBad)
}

// isTimeout reports whether a post has taken all the time there was.
func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && timeout.Timeout()
}
