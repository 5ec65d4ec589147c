package peer

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/fanql/fanql/ports"
)

// endings has every delivery of this process know which operations this process has
// ended since the delivery listed them, or is ending. So nothing is sent for an
// operation after its end where one process sees both, and an ID that is used again
// gets no frame of the operation that had it before.
type endings struct {
	mu       sync.Mutex
	watching map[*Ending]struct{}
	removals map[*removal]struct{}
}

// removal ends the operations of a reference that were received no later.
type removal struct {
	ref        ports.OperationRef
	receivedAt time.Time
}

// Ending is what one delivery knows.
type Ending struct {
	some atomic.Bool
	mu   sync.Mutex
	last map[ports.OperationRef]time.Time
}

func newEndings() *endings {
	return &endings{watching: map[*Ending]struct{}{}, removals: map[*removal]struct{}{}}
}

// WatchEndings begins before the first listing of a delivery, and ends with stop.
func (p *Peers) WatchEndings() (ending *Ending, stop func()) {
	ending = p.endings.watch()
	return ending, func() { p.endings.unwatch(ending) }
}

func (e *endings) watch() *Ending {
	watch := &Ending{last: map[ports.OperationRef]time.Time{}}
	e.mu.Lock()
	defer e.mu.Unlock()
	for r := range e.removals {
		watch.note(r)
	}
	e.watching[watch] = struct{}{}
	return watch
}

func (e *endings) unwatch(watch *Ending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.watching, watch)
}

// begin comes before a removal, and finish after it.
func (e *endings) begin(ref ports.OperationRef, receivedAt time.Time) *removal {
	r := &removal{ref, receivedAt}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.removals[r] = struct{}{}
	for watch := range e.watching {
		watch.note(r)
	}
	return r
}

func (e *endings) finish(r *removal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.removals, r)
}

func (e *Ending) note(r *removal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last[r.ref].Before(r.receivedAt) {
		e.last[r.ref] = r.receivedAt
	}
	e.some.Store(true)
}

// Has reports whether a subscriber's operation has ended.
func (e *Ending) Has(subscriber *ports.Subscriber) bool {
	if !e.some.Load() {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	last, ok := e.last[subscriber.Ref]
	return ok && !subscriber.ReceivedAt.After(last)
}
