package websocket

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"
)

// socket is a client's connection that starts with what came along with the
// handshake, and notes every sign of life.
type socket struct {
	net.Conn
	early  []byte
	active *atomic.Bool
	// resets: the end of the connection is an end that the client cannot tell from a
	// good one, so that cut resets it.
	resets bool
	// limit is how long the message that is being read may take to arrive, from the
	// first time that it has to be waited for; 0 between messages. Only the reading
	// goroutine uses these.
	limit   time.Duration
	limited bool
}

// beginMessage limits the time until endMessage. A message that comes in one piece
// sets no deadline.
func (s *socket) beginMessage(limit time.Duration) { s.limit = limit }

func (s *socket) endMessage() {
	s.limit = 0
	if s.limited {
		s.limited = false
		_ = s.SetReadDeadline(time.Time{}) // fails only when closed, as the next read then says
	}
}

// Read reads what came early, then from the connection.
func (s *socket) Read(p []byte) (n int, err error) {
	if len(s.early) > 0 {
		n = copy(p, s.early)
		s.early = s.early[n:]
	} else {
		s.setDeadline()
		n, err = s.Conn.Read(p)
	}
	if n > 0 {
		s.active.Store(true)
	}
	return n, err
}

func (s *socket) setDeadline() {
	if s.limit > 0 && !s.limited {
		s.limited = true
		_ = s.SetReadDeadline(time.Now().Add(s.limit)) // fails only when closed, as the read then says
	}
}

// endWriting ends our side and leaves the client's open, where the connection
// can do that. It is a courtesy: failures do not count.
func (s *socket) endWriting() {
	if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// cut ends the connection at once. TLS would first tell a client that perhaps
// does not listen.
func (s *socket) cut() {
	conn := s.Conn
	if outer, ok := conn.(*tls.Conn); ok {
		conn = outer.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok && s.resets {
		_ = tcp.SetLinger(0) // fails only when closed
	}
	_ = conn.Close() // it is over either way
}
