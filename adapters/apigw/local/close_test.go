package local_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/apigw/local"
)

func TestCloseCodes(t *testing.T) {
	whole := func(payload string) []ws.Frame { return []ws.Frame{ws.NewTextFrame([]byte(payload))} }
	for name, test := range map[string]struct {
		frames []ws.Frame
		want   int
	}{
		"frame over the limit": {whole(strings.Repeat("x", 32<<10+1)), 1009},
		"binary":               {[]ws.Frame{ws.NewBinaryFrame([]byte("x"))}, 1003},
		"not UTF-8":            {whole("\xff"), 1007},
		"a continuation first": {[]ws.Frame{ws.NewFrame(ws.OpContinuation, true, nil)}, 1002},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, local.Config{}, newFunction())
			c := f.dial()
			c.send(test.frames...)
			c.wantClose(test.want)
			for {
				event := receive(t, f.function.events)
				if event.RequestContext.EventType == "DISCONNECT" {
					if got := event.RequestContext.DisconnectStatusCode; got != int64(test.want) {
						t.Errorf("disconnectStatusCode %d, want %d", got, test.want)
					}
					return
				}
			}
		})
	}
}

func TestMessageLimit(t *testing.T) {
	f := newFixture(t, local.Config{}, newFunction())
	c := f.dial()
	part := []byte(strings.Repeat("x", 32<<10))
	c.send(ws.NewFrame(ws.OpText, false, part), ws.NewFrame(ws.OpContinuation, false, part),
		ws.NewFrame(ws.OpContinuation, false, part), ws.NewFrame(ws.OpContinuation, true, part))
	if got := len(f.function.next(t, "MESSAGE").Body); got != 128<<10 {
		t.Errorf("a message of %d bytes arrived, want 128 KiB", got)
	}
	c.send(ws.NewFrame(ws.OpText, false, part), ws.NewFrame(ws.OpContinuation, false, part),
		ws.NewFrame(ws.OpContinuation, false, part), ws.NewFrame(ws.OpContinuation, false, part),
		ws.NewFrame(ws.OpContinuation, true, []byte("x")))
	c.wantClose(1009)
}

func TestClientCloses(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(c *client)
		want int64
	}{
		"with a code":    {func(c *client) { c.send(ws.NewCloseFrame(ws.NewCloseFrameBody(4004, "Bad response"))) }, 4004},
		"without a code": {func(c *client) { c.send(ws.NewCloseFrame(nil)) }, 1005},
		"without a word": {func(c *client) { _ = c.conn.Close() }, 1006},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, local.Config{}, newFunction())
			test.end(f.dial())
			if got := f.function.next(t, "DISCONNECT").RequestContext.DisconnectStatusCode; got != test.want {
				t.Errorf("disconnectStatusCode %d, want %d", got, test.want)
			}
		})
	}
}

func TestIdle(t *testing.T) {
	f := newFixture(t, local.Config{IdleTimeout: 50 * time.Millisecond}, newFunction())
	f.dial().wantClose(1001)
}

func TestLifetime(t *testing.T) {
	f := newFixture(t, local.Config{Lifetime: 50 * time.Millisecond}, newFunction())
	f.dial().wantClose(1001)
}

func TestPing(t *testing.T) {
	f := newFixture(t, local.Config{}, newFunction())
	c := f.dial()
	c.send(ws.NewPingFrame([]byte("are you there")))
	if got := string(c.read(ws.OpPong)); got != "are you there" {
		t.Errorf("the pong has %q", got)
	}
}

func TestDeleteComesAfterPosts(t *testing.T) {
	f := newFixture(t, local.Config{}, newFunction())
	c := f.dial()
	for _, text := range []string{"one", "two", "three"} {
		f.manage(http.MethodPost, c.id, text)
	}
	f.manage(http.MethodDelete, c.id, "")
	c.wantText("one")
	c.wantText("two")
	c.wantText("three")
	c.wantClose(1000)
	if got := f.function.next(t, "DISCONNECT").RequestContext.DisconnectStatusCode; got != 1000 {
		t.Errorf("disconnectStatusCode %d, want 1000", got)
	}
}
