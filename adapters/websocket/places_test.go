package websocket_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

// hangingEngine handles three messages: "init NAME" is an accepted connection_init
// with that identity, "hang" ends with release, and "hello" is counted.
type hangingEngine struct {
	*fakeEngine
	release        chan struct{}
	hanging, hello atomic.Int64
}

func newHangingEngine() *hangingEngine {
	e := &hangingEngine{fakeEngine: newFakeEngine(), release: make(chan struct{})}
	e.receive = func(_ context.Context, message ports.Message) error {
		kind, identity, _ := strings.Cut(string(message.Data), " ")
		switch kind {
		case "init":
			message.Identified(strings.TrimSpace(strings.TrimSuffix(identity, "at once")))
		case "hang":
			e.hanging.Add(1)
			<-e.release
		case "hello":
			e.hello.Add(1)
		}
		return nil
	}
	return e
}

// crowd is connections that each send the same texts, one after the other; together
// they wait after each "init" until it is accepted, unless it says "at once".
func (f *fixture) crowd(size int, texts ...string) {
	clients := make([]*client, size)
	for i := range clients {
		clients[i] = f.dial()
	}
	for len(texts) > 0 {
		burst := texts
		if strings.HasPrefix(texts[0], "init") && !strings.HasSuffix(texts[0], "at once") {
			burst = texts[:1]
		}
		texts = texts[len(burst):]
		for _, c := range clients {
			go func() {
				for _, text := range burst {
					_ = ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewTextFrame([]byte(text)))) // who waits for a place is cut at the end
				}
			}()
		}
		synctest.Wait()
	}
}

// TestWhoHangsKeepsNobodyOut: connections whose operations all hang take their share
// of the 1,024 places, and newcomers are handled.
func TestWhoHangsKeepsNobodyOut(t *testing.T) {
	repeat := func(first string, n int, text string) []string {
		texts := []string{first}
		for range n {
			texts = append(texts, text)
		}
		return texts
	}
	for _, test := range []struct {
		name      string
		size      int
		attackers []string // what each sends
		hanging   int64    // how many of them are handled, at least and at most
		most      int64
		newcomer  []string
		hello     int64 // how many of the newcomer's are handled
	}{
		{"an identity with many connections", 200, repeat("init greedy", 8, "hang"), 256, 256, repeat("init modest at once", 3, "hello"), 3},
		{"an identity that sends one message each", 1100, repeat("init greedy", 1, "hang"), 256, 256, repeat("init modest at once", 3, "hello"), 3},
		{"one that does not wait for connection_ack", 200, repeat("init greedy at once", 8, "hang"), 256, 512, repeat("init modest at once", 3, "hello"), 3},
		{"strangers", 200, repeat("hang", 8, "hang"), 200 + 256, 200 + 256, repeat("init modest at once", 3, "hello"), 3},
		{"connections without identity", 130, repeat("init", 8, "hang"), 512 + 130, 512 + 130, repeat("init at once", 3, "hello"), 3},
		{"many connections without identity", 1100, repeat("init", 1, "hang"), 896, 896, repeat("hello", 0, ""), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := newHangingEngine()
				f := onPipes(t, websocket.Config{InitTimeout: time.Hour, KeepAlive: time.Hour, HandleTimeout: time.Hour}, engine.fakeEngine)
				f.crowd(test.size, test.attackers...)
				if got := engine.hanging.Load(); got < test.hanging || got > test.most {
					t.Errorf("%d messages hang, want %d to %d", got, test.hanging, test.most)
				}
				f.crowd(1, test.newcomer...)
				if got := engine.hello.Load(); got != test.hello {
					t.Errorf("%d messages of the newcomer are handled, want %d", got, test.hello)
				}
				close(engine.release)
				synctest.Wait()
			})
		})
	}
}

// TestIdentityOfTheHandshakeCounts, also before connection_init is accepted.
func TestIdentityOfTheHandshakeCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newHangingEngine()
		engine.connect = func(context.Context, ports.Handshake) (ports.Accepted, error) {
			return ports.Accepted{Identity: "greedy"}, nil
		}
		f := onPipes(t, websocket.Config{MaxConcurrentPerIdentity: 5, KeepAlive: time.Hour}, engine.fakeEngine)
		f.crowd(10, "hello", "hang", "hang")
		if got := engine.hanging.Load(); got != 5 {
			t.Errorf("%d messages hang, want 5", got)
		}
		close(engine.release)
		synctest.Wait()
	})
}

// TestIdentitiesAreForgotten with their last connection, also by one that got another.
func TestIdentitiesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newHangingEngine()
		f := onPipes(t, websocket.Config{KeepAlive: time.Hour}, engine.fakeEngine)
		first, second := f.dial(), f.dial()
		for _, step := range []struct {
			do   func()
			want int
		}{
			{func() { first.sendText("init one") }, 1},
			{func() { second.sendText("init one") }, 1},
			{func() { first.sendText("init two") }, 2},
			{func() { _ = second.conn.Close() }, 1},
			{func() { _ = first.conn.Close() }, 0},
		} {
			step.do()
			synctest.Wait()
			if got := f.server.Shares(); got != step.want {
				t.Fatalf("the server knows %d identities, want %d", got, step.want)
			}
		}
	})
}
