package websocket_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

func TestCloseComesAfterWhatWasPushed(t *testing.T) {
	f := onSockets(t, websocket.Config{}, newFakeEngine())
	c := f.dial()
	for i := range 500 {
		if err := f.server.Push(t.Context(), c.address, text(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.server.Close(t.Context(), c.address, 4403, "Forbidden"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, f.server.Push(t.Context(), c.address, text("late")), ports.ErrGone)
	if err := f.server.Close(t.Context(), c.address, 4400, "too late"); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		c.wantText(fmt.Sprint(i))
	}
	c.wantClose(4403, "Forbidden")
	f.engine.wantDisconnected(t, ports.Disconnection{Address: c.address, Code: 4403, Reason: "Forbidden"})
}

func TestCloseOfAGoneSocketSucceeds(t *testing.T) {
	f := onSockets(t, websocket.Config{}, newFakeEngine())
	if err := f.server.Close(t.Context(), ports.Address{ID: "never was"}, 1000, ""); err != nil {
		t.Error(err)
	}
}

func TestCloseSendsOnlyWhatMayBeSent(t *testing.T) {
	for _, test := range []struct {
		code, wantCode     int
		reason, wantReason string // the reason as reported; without a code none is sent
	}{
		{1000, 1000, "", ""},
		{1013, 1013, "later", "later"},
		{3000, 3000, "", ""},
		{4999, 4999, "", ""},
		{0, 0, "for the engine only", "for the engine only"},
		{1005, 0, "", ""},
		{-1, 1011, "", ""},
		{999, 1011, "", ""},
		{1004, 1011, "", ""},
		{1006, 1011, "", ""},
		{1015, 1011, "", ""},
		{2999, 1011, "", ""},
		{5000, 1011, "", ""},
		{70000, 1011, "", ""},
		{4400, 4400, strings.Repeat("x", 123), strings.Repeat("x", 123)},
		{4400, 4400, strings.Repeat("x", 124), strings.Repeat("x", 123)},
		{4400, 4400, strings.Repeat("x", 122) + "ö", strings.Repeat("x", 122)},
		{4400, 4400, strings.Repeat("x", 120) + "€", strings.Repeat("x", 120) + "€"},
		{4400, 4400, "a\xffb", "a\uFFFDb"},
	} {
		t.Run(fmt.Sprint(test.code, " ", len(test.reason)), func(t *testing.T) {
			f := onSockets(t, websocket.Config{}, newFakeEngine())
			c := f.dial()
			if err := f.server.Close(t.Context(), c.address, test.code, test.reason); err != nil {
				t.Fatal(err)
			}
			sent := test.wantReason
			if test.wantCode == 0 {
				sent = ""
			}
			c.wantClose(test.wantCode, sent)
			f.engine.wantDisconnected(t, ports.Disconnection{Address: c.address, Code: test.wantCode, Reason: test.wantReason})
		})
	}
}

func TestMessagesBehindACloseAreDropped(t *testing.T) {
	engine := newFakeEngine()
	messages := make(chan ports.Message, 1)
	engine.receive = collecting(messages)
	f := onSockets(t, websocket.Config{}, engine)
	c := f.dial()
	if err := f.server.Close(t.Context(), c.address, 4000, ""); err != nil {
		t.Fatal(err)
	}
	c.sendText("too late")
	c.wantClose(4000, "")
	receive(t, engine.disconnected)
	if len(messages) != 0 {
		t.Error("the engine was handed a message")
	}
}

func TestUnansweredCloseEndsAfterCloseTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := onPipes(t, websocket.Config{}, newFakeEngine())
		c := f.dial()
		began := time.Now()
		if err := f.server.Close(t.Context(), c.address, 4000, "bye"); err != nil {
			t.Fatal(err)
		}
		c.read(ws.OpClose)
		c.wantEnd()
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("took %v, want 5s", took)
		}
		f.engine.wantDisconnected(t, ports.Disconnection{Address: c.address, Code: 4000, Reason: "bye"})
	})
}

func TestClientsCloseIsAnsweredAndReported(t *testing.T) {
	for name, test := range map[string]struct {
		frame  ws.Frame
		code   int
		reason string
	}{
		"with a code": {ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "done")), 1000, "done"},
		"without":     {ws.NewCloseFrame(nil), 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := onSockets(t, websocket.Config{}, newFakeEngine())
			c := f.dial()
			if err := f.server.Push(t.Context(), c.address, text("before")); err != nil {
				t.Fatal(err)
			}
			c.send(test.frame)
			c.wantText("before")
			c.wantClose(test.code, test.reason)
			f.engine.wantDisconnected(t, ports.Disconnection{Address: c.address, Code: test.code, Reason: test.reason})
		})
	}
}

func TestDisconnectIsReportedOnce(t *testing.T) {
	f := onSockets(t, websocket.Config{}, newFakeEngine())
	c := f.dial()
	c.send(ws.NewCloseFrame(ws.NewCloseFrameBody(1001, "")))
	if err := f.server.Close(t.Context(), c.address, 1001, ""); err != nil {
		t.Fatal(err)
	}
	_ = c.conn.Close()
	if err := f.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(f.engine.disconnected); got != 1 {
		t.Errorf("reported %d times", got)
	}
}

func TestCutSocketIsReportedWithoutACode(t *testing.T) {
	f := onSockets(t, websocket.Config{}, newFakeEngine())
	c := f.dial()
	_ = c.conn.Close()
	f.engine.wantDisconnected(t, ports.Disconnection{Address: c.address})
}
