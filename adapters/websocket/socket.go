package websocket

import (
	"crypto/tls"
	"net"
	"sync/atomic"
)

// socket is a client's connection that starts with what came along with the
// handshake, and notes every sign of life.
type socket struct {
	net.Conn
	early []byte
	heard *atomic.Bool
}

// Read reads what came early, then from the connection.
func (s *socket) Read(p []byte) (n int, err error) {
	if len(s.early) > 0 {
		n = copy(p, s.early)
		s.early = s.early[n:]
	} else {
		n, err = s.Conn.Read(p)
	}
	if n > 0 {
		s.heard.Store(true)
	}
	return n, err
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
	_ = conn.Close() // it is over either way
}
