package delivery

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/fanql/fanql/ports"
)

// stragglers are the connections of a fan-out that did not take an event at once.
// Each goes on in a goroutine of its own; what later pages have for it waits
// there, so that its events stay in order.
type stragglers struct {
	slots   chan struct{}
	running sync.WaitGroup
	some    atomic.Bool

	mu      sync.Mutex
	waiting map[ports.ConnectionID][][]member
}

func newStragglers(most int) *stragglers {
	return &stragglers{slots: make(chan struct{}, most), waiting: map[ports.ConnectionID][][]member{}}
}

// join queues the run behind its connection's own, if that is straggling.
func (s *stragglers) join(run []member) bool {
	if !s.some.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := run[0].Ref.Connection
	queue, straggling := s.waiting[id]
	if straggling {
		s.waiting[id] = append(queue, run)
	}
	return straggling
}

// begin reports false if there are as many stragglers as there may be.
func (s *stragglers) begin(id ports.ConnectionID) bool {
	select {
	case s.slots <- struct{}{}:
	default:
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[id] = nil
	s.some.Store(true)
	return true
}

// next returns what has come for the connection meanwhile; nil when it is done.
func (s *stragglers) next(id ports.ConnectionID) []member {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := s.waiting[id]
	if len(queue) == 0 {
		delete(s.waiting, id)
		<-s.slots
		return nil
	}
	s.waiting[id] = queue[1:]
	return queue[0]
}

func (s *stragglers) wait() { s.running.Wait() }

// straggle goes on with a connection that is stuck. When there are too many of
// them, it is not one slow client but a slow world, and the caller waits too.
func (f *fanout) straggle(ctx context.Context, p *progress) {
	id := p.run[0].Ref.Connection
	if !f.stragglers.begin(id) {
		f.advance(ctx, p, f.deliverer.Peers.Push)
		return
	}
	f.stragglers.running.Go(func() {
		f.advance(ctx, p, f.deliverer.Peers.Push)
		for run := f.stragglers.next(id); run != nil; run = f.stragglers.next(id) {
			if f.isGone(id) {
				f.clearRows(ctx, refs(run))
				continue
			}
			f.advance(ctx, &progress{run: run, ended: make([]bool, len(run))}, f.deliverer.Peers.Push)
		}
	})
}
