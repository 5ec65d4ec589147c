//go:build e2e

package outages

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"
)

// wire carries TCP to a Redis, and can be cut.
type wire struct {
	address, to string

	mu       sync.Mutex
	listener net.Listener // nil while connections are refused
	conns    map[net.Conn]bool
	// whole is closed unless what is sent is held back.
	whole   chan struct{}
	running sync.WaitGroup
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{address: listener.Addr().String(), to: to, conns: map[net.Conn]bool{}, whole: make(chan struct{})}
	close(w.whole)
	w.serve(listener)
	t.Cleanup(func() {
		w.refuse()
		w.release()
		w.running.Wait()
	})
	return w
}

func (w *wire) serve(listener net.Listener) {
	w.listener = listener
	w.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			w.running.Go(func() { w.carry(conn) })
		}
	})
}

// carry carries one connection.
func (w *wire) carry(near net.Conn) {
	if !w.keep(near) {
		return
	}
	defer w.drop(near)
	<-w.intact()
	far, err := net.DialTimeout("tcp", w.to, 5*time.Second)
	if err != nil || !w.keep(far) {
		return
	}
	defer w.drop(far)
	var both sync.WaitGroup
	for _, ends := range [2][2]net.Conn{{near, far}, {far, near}} {
		both.Go(func() {
			w.copy(ends[0], ends[1])
			_ = near.Close()
			_ = far.Close()
		})
	}
	both.Wait()
}

// copy copies what one end sends while the wire is whole.
func (w *wire) copy(from, to net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		<-w.intact()
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// keep notes a connection, and closes it where the wire refuses them by now.
func (w *wire) keep(conn net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listener == nil {
		_ = conn.Close()
		return false
	}
	w.conns[conn] = true
	return true
}

func (w *wire) drop(conn net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, conn)
	_ = conn.Close()
}

func (w *wire) intact() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.whole
}

// hold holds back all that is sent until release, as a network does that drops packets.
func (w *wire) hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.whole = make(chan struct{})
}

// release ends hold.
func (w *wire) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.whole:
	default:
		close(w.whole)
	}
}

// refuse breaks all connections, and refuses others until accept.
func (w *wire) refuse() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listener == nil {
		return
	}
	_ = w.listener.Close()
	w.listener = nil
	for conn := range w.conns {
		_ = conn.Close()
	}
}

// accept ends refuse.
func (w *wire) accept() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for deadline := time.Now().Add(patience); w.listener == nil && time.Now().Before(deadline); {
		// The port may belong to an outgoing connection for a moment.
		if listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", w.address); err == nil {
			w.serve(listener)
		}
	}
}
