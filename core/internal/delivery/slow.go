package delivery

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fanql/fanql/ports"
)

// slowConnections are the connections of a fan-out that did not take an event at
// once. Each goes on in a goroutine of its own; what later windows and pages have for it
// waits there, so that its events stay in order.
type slowConnections struct {
	slots   chan struct{}
	running sync.WaitGroup
	some    atomic.Bool

	mu      sync.Mutex
	waiting map[ports.ConnectionID][]*progress
}

func newSlowConnections(most int) *slowConnections {
	return &slowConnections{slots: make(chan struct{}, most), waiting: map[ports.ConnectionID][]*progress{}}
}

// join has a window wait for what its connection was sent before, if that is slow.
func (s *slowConnections) join(p *progress) bool {
	if !s.some.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := p.run[0].Ref.Connection
	queue, slow := s.waiting[id]
	if slow {
		s.waiting[id] = append(queue, p.clone())
	}
	return slow
}

// begin reports false if there are as many slow connections as there may be.
func (s *slowConnections) begin(id ports.ConnectionID) bool {
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
func (s *slowConnections) next(id ports.ConnectionID) *progress {
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

func (s *slowConnections) full() bool { return len(s.slots) == cap(s.slots) }

// wait waits for the slow connections, and cuts them once it has waited long enough.
func (s *slowConnections) wait(cut context.CancelFunc, patience time.Duration) {
	if !s.some.Load() {
		return
	}
	defer time.AfterFunc(patience, cut).Stop()
	s.running.Wait()
}
