package websocket

// Shares is how many identities the server knows.
func (s *Server) Shares() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.shares)
}
