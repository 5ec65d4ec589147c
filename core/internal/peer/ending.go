package peer

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/fanql/fanql/ports"
)

// endings are the operations that this process has ended of late, or is ending. Each
// frame of an operation asks them before it is sent. So nothing is sent for an operation
// after its end where one process sees both, and an ID that is used again gets no frame
// of the operation that had it before.
type endings struct {
	mu       sync.Mutex
	newest   *Endings
	removals map[*removal]struct{}
}

// removal ends the operations of a reference that were received no later.
type removal struct {
	ref        ports.OperationRef
	receivedAt time.Time
}

// Endings are the ends from some instant on, as a chain of maps. Only whoever sends
// keeps the older ones, so they are gone when that is done.
type Endings struct {
	some atomic.Bool
	next atomic.Pointer[Endings]
	mu   sync.RWMutex
	last map[ports.OperationRef]time.Time
}

// mostEndings are in one map of the chain.
const mostEndings = 1024

func newEndings() *endings {
	return &endings{newest: &Endings{}, removals: map[*removal]struct{}{}}
}

// Endings are those from now on, and some before. Whoever sends for operations asks for
// them before it reads which there are.
func (p *Peers) Endings() *Endings {
	p.endings.mu.Lock()
	defer p.endings.mu.Unlock()
	return p.endings.newest
}

// begin comes before a removal, and finish after it.
func (e *endings) begin(ref ports.OperationRef, receivedAt time.Time) *removal {
	r := &removal{ref, receivedAt}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.removals[r] = struct{}{}
	if len(e.newest.last) >= mostEndings {
		older := e.newest
		e.newest = &Endings{}
		for r := range e.removals { // whose operations may still be listed
			e.newest.note(r)
		}
		older.next.Store(e.newest)
	}
	e.newest.note(r)
	return r
}

func (e *endings) finish(r *removal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.removals, r)
}

// note is called by one at a time.
func (e *Endings) note(r *removal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last == nil {
		e.last = map[ports.OperationRef]time.Time{}
	}
	if e.last[r.ref].Before(r.receivedAt) {
		e.last[r.ref] = r.receivedAt
	}
	e.some.Store(true)
}

// Has reports whether an operation has ended.
func (e *Endings) Has(ref ports.OperationRef, receivedAt time.Time) bool {
	last := e.of(ref)
	return !last.IsZero() && !receivedAt.After(last)
}

// of is up to when an operation of that reference must have been received to have
// ended; zero if none has.
func (e *Endings) of(ref ports.OperationRef) (last time.Time) {
	for ; e != nil; e = e.next.Load() {
		if !e.some.Load() {
			continue
		}
		e.mu.RLock()
		at := e.last[ref]
		e.mu.RUnlock()
		if at.After(last) {
			last = at
		}
	}
	return last
}
