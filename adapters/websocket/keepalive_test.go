package websocket_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

// diary notes when the engine is called.
type diary struct {
	began time.Time
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(what string) func(context.Context, ports.Address) error {
	return func(context.Context, ports.Address) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.lines = append(d.lines, what+" "+time.Since(d.began).String())
		return nil
	}
}

func (d *diary) want(t *testing.T, lines ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.lines, lines) {
		t.Errorf("got %q, want %q", d.lines, lines)
	}
}

// answerPings reads until the socket ends and answers every ping.
func answerPings(c *client) {
	for {
		frame, err := ws.ReadFrame(c.in)
		if err != nil {
			return
		}
		if frame.Header.OpCode == ws.OpPing {
			_ = ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewPongFrame(frame.Payload))) // the next read notices
		}
	}
}

func TestClock(t *testing.T) {
	for _, test := range []struct {
		name   string
		config websocket.Config
		after  time.Duration
		want   []string
	}{
		{"defaults", websocket.Config{}, 40 * time.Second, []string{"init 3s", "keepalive 15s", "keepalive 30s"}},
		{"one at a time", websocket.Config{InitTimeout: 20 * time.Second}, 40 * time.Second, []string{"keepalive 15s", "init 20s", "keepalive 30s"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine, notes := newFakeEngine(), &diary{began: time.Now()}
				engine.expireInit, engine.keepAlive = notes.note("init"), notes.note("keepalive")
				c := onPipes(t, test.config, engine).dial()
				go answerPings(c)
				time.Sleep(test.after)
				notes.want(t, test.want...)
				if len(engine.disconnected) != 0 {
					t.Error("a live client was taken for dead")
				}
				_ = c.conn.Close()
			})
		})
	}
}

func TestClientThatMissesAPongIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine, notes := newFakeEngine(), &diary{began: time.Now()}
		engine.keepAlive = notes.note("keepalive")
		c := onPipes(t, websocket.Config{}, engine).dial()
		c.read(ws.OpPing)
		c.wantEnd()
		if took := time.Since(notes.began); took != 30*time.Second {
			t.Errorf("cut after %v, want 30s", took)
		}
		notes.want(t, "keepalive 15s")
		engine.wantDisconnected(t, ports.Disconnection{Address: c.address})
	})
}

// TestClientThatIsHalfOpenIsCutAtTheSecondPing: what it sent before the first ping
// does not count.
func TestClientThatIsHalfOpenIsCutAtTheSecondPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := onPipes(t, websocket.Config{}, newFakeEngine()).dial()
		began := time.Now()
		time.Sleep(5 * time.Second)
		c.sendText("the last thing that arrives")
		c.read(ws.OpPing)
		c.wantEnd()
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("cut after %v, want 30s", took)
		}
	})
}

func TestClockEndsWithTheSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine, notes := newFakeEngine(), &diary{began: time.Now()}
		engine.expireInit, engine.keepAlive = notes.note("init"), notes.note("keepalive")
		c := onPipes(t, websocket.Config{}, engine).dial()
		_ = c.conn.Close()
		time.Sleep(time.Hour)
		notes.want(t)
	})
}

func TestPanicOfTheClockClosesWith1011(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newFakeEngine()
		engine.expireInit = func(context.Context, ports.Address) error { panic("boom") }
		c := onPipes(t, websocket.Config{}, engine).dial()
		c.wantClose(1011, "internal error")
	})
}
