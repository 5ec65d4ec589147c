package websocket

import (
	"context"
	"time"

	"github.com/fanql/fanql/ports"
)

// longestGap is what Shutdown lets pass between two closes: a few clients are no
// crowd, and nobody should have to wait for them.
const longestGap = 10 * time.Millisecond

// Shutdown drains the server: Ready and new handshakes are answered with 503 at
// once, connections are closed with 1001 (going away) one after the other, over
// DrainTime, each after what waits for its client, and until its turn comes a
// connection works as ever. Shutdown waits for sockets, messages being handled
// and calls of Engine.Disconnect. When ctx ends first, what sockets are left are
// cut off and Shutdown returns the context's error without waiting further. It
// may be called again.
//
// Let http.Server serve until Shutdown has returned, so that probes and
// handshakes have their answer, and deliver events until then.
func (s *Server) Shutdown(ctx context.Context) error {
	s.sendAway(ctx, s.stop())
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		for _, c := range s.stop() {
			c.terminate()
		}
		return ctx.Err()
	}
}

// sendAway closes connections, each in its turn.
func (s *Server) sendAway(ctx context.Context, all []*connection) {
	began, gap := time.Now(), s.gap(ctx, len(all))
	for i, c := range all {
		// Turns have fixed times: timers that are late do not add up.
		if early := time.Until(began.Add(time.Duration(i) * gap)); early > 0 && !c.isClosing() {
			select {
			case <-time.After(early):
			case <-ctx.Done():
				return
			}
		}
		c.close(ports.CloseGoingAway, errStopping.Error()) // after which clients come back, with a backoff
	}
}

// gap is the time from one close of many to the next.
func (s *Server) gap(ctx context.Context, connections int) time.Duration {
	spread := s.config.DrainTime
	if deadline, ok := ctx.Deadline(); ok {
		spread = min(spread, time.Until(deadline)/2)
	}
	return min(spread/time.Duration(max(connections, 1)), longestGap)
}

// stop lets no more connections in and returns those there are.
func (s *Server) stop() []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	all := make([]*connection, 0, len(s.connections))
	for _, c := range s.connections {
		all = append(all, c)
	}
	return all
}

func (s *Server) isStopping() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.stopping
}
