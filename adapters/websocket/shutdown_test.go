package websocket_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

func TestShutdownSendsClientsAwayWith1001(t *testing.T) {
	f := onSockets(t, websocket.Config{}, newFakeEngine())
	clients := []*client{f.dial(), f.dial(), f.dial()}
	done := make(chan error, 1)
	go func() { done <- f.server.Shutdown(t.Context()) }()
	for _, c := range clients {
		c.wantClose(1001, "the server is shutting down")
	}
	if err := receive(t, done); err != nil {
		t.Fatal(err)
	}
	if got := len(f.engine.disconnected); got != len(clients) {
		t.Errorf("%d of %d reported when Shutdown returned", got, len(clients))
	}
	if status, _, _ := f.answer(request(f.url)); status != http.StatusServiceUnavailable {
		t.Errorf("a new handshake got %d, want 503", status)
	}
}

func TestShutdownWaitsForTheEngine(t *testing.T) {
	for _, what := range []string{"receive", "disconnect"} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := newFakeEngine()
				finished := false
				work := func() error {
					time.Sleep(time.Second)
					finished = true
					return nil
				}
				if what == "receive" {
					engine.receive = func(context.Context, ports.Message) error { return work() }
				} else {
					engine.disconnect = func(context.Context, ports.Disconnection) error { return work() }
				}
				f := onPipes(t, websocket.Config{}, engine)
				c := f.dial()
				c.sendText("x")
				synctest.Wait()
				go c.wantClose(1001, "the server is shutting down")
				if err := f.server.Shutdown(t.Context()); err != nil {
					t.Fatal(err)
				}
				if !finished {
					t.Error("Shutdown did not wait")
				}
			})
		})
	}
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newFakeEngine()
		f := onPipes(t, websocket.Config{CloseTimeout: time.Hour, WriteTimeout: time.Hour}, engine)
		c := f.dial()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		wantKind(t, f.server.Shutdown(ctx), context.DeadlineExceeded)
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v", took)
		}
		c.wantEnd() // cut off
		engine.wantDisconnected(t, ports.Disconnection{Address: c.address, Code: 1001, Reason: "the server is shutting down"})
	})
}

// closeTimes opens so many connections, shuts the server down and returns when
// each of them was closed, since then.
func closeTimes(t *testing.T, config websocket.Config, connections int, limit time.Duration) []time.Duration {
	t.Helper()
	f := onPipes(t, config, newFakeEngine())
	closed := make(chan time.Time, connections)
	for range connections {
		c := f.dial()
		go func() {
			c.wantClose(1001, "the server is shutting down")
			closed <- time.Now()
		}()
	}
	synctest.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	began := time.Now()
	if err := f.server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	close(closed)
	var times []time.Duration
	for at := range closed {
		times = append(times, at.Sub(began))
	}
	return times
}

func TestShutdownSpreadsItsCloses(t *testing.T) {
	for _, test := range []struct {
		name        string
		config      websocket.Config
		connections int
		limit       time.Duration
		gap         time.Duration
	}{
		{"over DrainTime", websocket.Config{DrainTime: time.Second}, 500, time.Minute, 2 * time.Millisecond},
		{"no slower than it has to", websocket.Config{}, 3, time.Minute, 10 * time.Millisecond},
		{"in half of the time there is", websocket.Config{DrainTime: time.Hour}, 500, 2 * time.Second, 2 * time.Millisecond},
		{"not at all", websocket.Config{DrainTime: 1}, 500, time.Minute, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for i, got := range closeTimes(t, test.config, test.connections, test.limit) {
					if want := time.Duration(i) * test.gap; got != want {
						t.Fatalf("close %d came after %v, want %v", i, got, want)
					}
				}
			})
		})
	}
}

func TestConnectionWorksUntilItsTurnComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := onPipes(t, websocket.Config{}, newFakeEngine())
		clients := []*client{f.dial(), f.dial()}
		got := make(chan string, 2*len(clients))
		for _, c := range clients {
			go func() {
				for frame, err := ws.ReadFrame(c.in); err == nil; frame, err = ws.ReadFrame(c.in) {
					if frame.Header.OpCode == ws.OpText {
						got <- string(frame.Payload)
						continue
					}
					_ = ws.WriteFrame(c.conn, ws.MaskFrame(frame)) // the close frame's echo
				}
			}()
		}
		done := make(chan error, 1)
		go func() { done <- f.server.Shutdown(t.Context()) }()
		synctest.Wait() // one is closed, the other's turn is to come
		for _, c := range clients {
			_ = f.server.Push(t.Context(), c.address, text("still there"))
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(got) != 1 {
			t.Errorf("%d of 2 clients got what was pushed after the first close, want 1", len(got))
		}
	})
}

func TestHandshakeDuringShutdownIsToldWhenToAskAgain(t *testing.T) {
	f := onSockets(t, websocket.Config{}, newFakeEngine())
	if err := f.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	status, _, header := f.answer(request(f.url))
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("got %d %v, want 503 with a Retry-After", status, header)
	}
}
