package websocket_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

// A second's worth of frames is read at once, and the rest at the pace, whatever
// their kind.
func TestFramesAreReadAtTheirPace(t *testing.T) {
	fragment := func(i int) ws.Frame {
		code := ws.OpContinuation
		if i == 0 {
			code = ws.OpText
		}
		return ws.NewFrame(code, i == 39, nil)
	}
	pingInside := func(i int) ws.Frame {
		if 0 < i && i < 39 {
			return ws.NewPingFrame(nil)
		}
		return fragment(i)
	}
	for _, test := range []struct {
		name            string
		framesPerSecond int
		frame           func(i int) ws.Frame
		want            time.Duration
	}{
		{"messages", 10, func(int) ws.Frame { return ws.NewTextFrame([]byte("x")) }, 3 * time.Second},
		{"fragments", 10, fragment, 3 * time.Second},
		{"pings", 10, func(int) ws.Frame { return ws.NewPingFrame(nil) }, 3 * time.Second},
		{"pings between fragments", 10, pingInside, 3 * time.Second},
		{"no faster than the default", 0, fragment, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := onPipes(t, websocket.Config{FramesPerSecond: test.framesPerSecond, KeepAlive: time.Second, InitTimeout: time.Hour}, newFakeEngine())
				c := f.dial()
				go func() { _, _ = io.Copy(io.Discard, c.in) }() // pings are not answered: a client that waits is not dead
				began := time.Now()
				for i := range 40 {
					c.send(test.frame(i))
				}
				c.send(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "")))
				f.engine.wantDisconnected(t, ports.Disconnection{Address: c.address, Code: 1000})
				// The close frame is one more, in its turn.
				if took := time.Since(began); took < test.want || took > test.want+100*time.Millisecond {
					t.Errorf("40 frames took %v, want %v", took, test.want)
				}
			})
		})
	}
}

func TestConnectionsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newFakeEngine()
		begun, release := make(chan string, 10), make(chan struct{})
		defer close(release)
		engine.receive = func(_ context.Context, message ports.Message) error {
			begun <- string(message.Data)
			<-release
			return nil
		}
		f := onPipes(t, websocket.Config{MaxConcurrentTotal: 1}, engine)
		greedy, modest := f.dial(), f.dial()
		go func() {
			for _, text := range []string{"greedy 1", "greedy 2", "greedy 3"} {
				greedy.sendText(text)
			}
		}()
		synctest.Wait()
		go modest.sendText("modest")
		for _, want := range []string{"greedy 1", "greedy 2", "modest", "greedy 3"} {
			synctest.Wait()
			if len(begun) != 1 {
				t.Fatalf("%d messages at a time, want 1", len(begun))
			}
			if got := <-begun; got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
			release <- struct{}{}
		}
		_, _ = greedy.conn.Close(), modest.conn.Close()
	})
}
