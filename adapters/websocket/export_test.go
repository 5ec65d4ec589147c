package websocket

import "runtime"

// Rest has all writers rest until the function that it returns is called.
func (s *Server) Rest() (resume func()) {
	for _, w := range s.writers {
		for !w.rest() {
			runtime.Gosched()
		}
	}
	return func() {
		for _, w := range s.writers {
			go w.loop()
		}
	}
}

func (w *writer) rest() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	idle := !w.running
	w.running = true
	return idle
}

// Shares is how many identities the server knows.
func (s *Server) Shares() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.shares)
}
