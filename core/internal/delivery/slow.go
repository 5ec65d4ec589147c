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

// Patience with slow connections. Where a history has the events, who is slow catches
// up, so that nobody else waits; least is for one push while many are slow.
const (
	slowPatience                    = 10 * time.Second
	keptPatience, leastKeptPatience = time.Second, 50 * time.Millisecond
)

// slowPatience is how long a delivery that is through with all others waits for slow
// connections.
func (f *fanout) slowPatience() time.Duration {
	if f.kept {
		return keptPatience
	}
	return slowPatience
}

// attempt is once, but where a history has the events it does not wait for long.
func (f *fanout) attempt() sending {
	switch {
	case !f.kept:
		return f.once
	case f.slow.full():
		return f.leastKeptOnce
	}
	return f.keptOnce
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

// pushSlowly goes on with a connection that is stuck. When there are too many of
// them, it is not one slow client but a slow transport, and the caller waits too,
// unless the connection can catch up.
func (f *fanout) pushSlowly(ctx context.Context, p *progress) {
	id := p.run[0].Ref.Connection
	f.counts.troubled.Add(1)
	if !f.slow.begin(id) {
		if f.kept {
			f.lose(p)
		} else {
			f.advanceOrLose(ctx, p)
		}
		return
	}
	f.slow.running.Go(func() {
		for ; p != nil; p = f.slow.next(id) {
			f.advanceOrLose(ctx, p)
		}
	})
}

// advanceOrLose advances with retries. What a connection gets after it is gone or
// lost is not pushed.
func (f *fanout) advanceOrLose(ctx context.Context, p *progress) {
	gone, lostBefore := f.isOut(p.run[0].Ref.Connection)
	switch {
	case gone:
		if p.event == 0 {
			f.clearRows(ctx, refs(p.run))
		}
		return
	case lostBefore:
		f.lose(p)
		return
	}
	send := f.patiently
	if f.kept {
		send = f.keptPatiently
	}
	switch f.advance(ctx, p, send) {
	case lost, abandoned:
		f.lose(p)
	}
}
