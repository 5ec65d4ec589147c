package websocket_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

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
