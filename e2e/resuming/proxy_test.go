//go:build e2e

package resuming

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between one client and the servers, and cuts its connections.
type proxy struct {
	listener net.Listener
	// choose is the address of the server for a new connection; empty: none is there.
	choose func() string

	mu   sync.Mutex
	open map[net.Conn]bool
}

func startProxy(t *testing.T, choose func() string) *proxy {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, choose: choose, open: map[net.Conn]bool{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.cut()
		running.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// serve passes on what both sides send until one of them has ended.
func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.choose())
	if err != nil {
		_ = client.Close()
		return
	}
	p.note(client, server)
	var passing sync.WaitGroup
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_, _ = client.Close(), server.Close()
	}
	passing.Go(func() { pass(server, client) })
	passing.Go(func() { pass(client, server) })
	passing.Wait()
	p.forget(client, server)
}

func (p *proxy) note(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		p.open[conn] = true
	}
}

func (p *proxy) forget(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		delete(p.open, conn)
	}
}

// cut resets every connection, to both sides, and throws away what is on its way.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}
