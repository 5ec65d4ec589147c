package websocket_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

func collecting(messages chan<- ports.Message) func(context.Context, ports.Message) error {
	return func(_ context.Context, message ports.Message) error {
		messages <- message
		return nil
	}
}

func TestMessagesCanBeToldApartAndOrdered(t *testing.T) {
	const n = 20
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	messages := make(chan ports.Message, n)
	engine := newFakeEngine()
	engine.receive = collecting(messages)
	f := onSockets(t, websocket.Config{Now: func() time.Time { return now }}, engine)
	c := f.dial()
	for i := range n {
		c.sendText(fmt.Sprint(i))
	}
	received := make(map[string]time.Time)
	ids := make(map[string]bool)
	for range n {
		message := receive(t, messages)
		if message.Address != c.address {
			t.Errorf("address %+v", message.Address)
		}
		received[string(message.Data)] = message.ReceivedAt
		ids[message.RequestID] = true
	}
	if len(ids) != n {
		t.Errorf("%d request IDs for %d messages", len(ids), n)
	}
	for i := range n - 1 {
		if before, after := received[fmt.Sprint(i)], received[fmt.Sprint(i+1)]; !after.After(before) || before.IsZero() {
			t.Errorf("message %d at %v, the next at %v", i, before, after)
		}
	}
}

func TestFragmentsMakeOneMessageWithControlFramesBetween(t *testing.T) {
	messages := make(chan ports.Message, 1)
	engine := newFakeEngine()
	engine.receive = collecting(messages)
	c := onSockets(t, websocket.Config{}, engine).dial()
	c.send(
		ws.NewFrame(ws.OpText, false, []byte("\xc3")), // half of an ö
		ws.NewPingFrame([]byte("between")),
		ws.NewFrame(ws.OpContinuation, false, []byte("\xb6 and ")),
		ws.NewPongFrame(nil),
		ws.NewFrame(ws.OpContinuation, true, []byte(strings.Repeat("x", 10_000))),
	)
	if got := string(c.read(ws.OpPong)); got != "between" {
		t.Errorf("pong %q", got)
	}
	if got := string(receive(t, messages).Data); got != "ö and "+strings.Repeat("x", 10_000) {
		t.Errorf("got %d bytes: %.20q", len(got), got)
	}
}

func TestViolationsCloseWithTheirCode(t *testing.T) {
	closeFrame := func(code int, reason string) ws.Frame {
		return ws.NewCloseFrame(append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...))
	}
	reserved := ws.NewTextFrame([]byte("x"))
	reserved.Header.Rsv = ws.Rsv(true, false, false)
	long := make([]byte, 1001)
	for _, test := range []struct {
		name   string
		frames []ws.Frame
		code   int
		reason string
	}{
		{"binary", []ws.Frame{ws.NewBinaryFrame([]byte("x"))}, 1003, "only text messages are understood"},
		{"invalid UTF-8", []ws.Frame{ws.NewTextFrame([]byte("a\xff"))}, 1007, "a text message is not UTF-8"},
		{"truncated UTF-8", []ws.Frame{ws.NewTextFrame([]byte("a\xc3"))}, 1007, "a text message is not UTF-8"},
		{"too long", []ws.Frame{ws.NewTextFrame(long)}, 1009, "message too big"},
		{"too long in all", []ws.Frame{ws.NewFrame(ws.OpText, false, long[:600]), ws.NewFrame(ws.OpContinuation, true, long[:600])}, 1009, "message too big"},
		{"reserved bits", []ws.Frame{reserved}, 1002, string(ws.ErrProtocolNonZeroRsv)},
		{"reserved opcode", []ws.Frame{ws.NewFrame(3, true, nil)}, 1002, string(ws.ErrProtocolOpCodeReserved)},
		{"continuation of nothing", []ws.Frame{ws.NewFrame(ws.OpContinuation, true, nil)}, 1002, string(ws.ErrProtocolContinuationUnexpected)},
		{"message inside a message", []ws.Frame{ws.NewFrame(ws.OpText, false, nil), ws.NewTextFrame(nil)}, 1002, string(ws.ErrProtocolContinuationExpected)},
		{"fragmented ping", []ws.Frame{ws.NewFrame(ws.OpPing, false, nil)}, 1002, string(ws.ErrProtocolControlNotFinal)},
		{"long ping", []ws.Frame{ws.NewPingFrame(make([]byte, 126))}, 1002, string(ws.ErrProtocolControlPayloadOverflow)},
		{"close of one byte", []ws.Frame{ws.NewCloseFrame([]byte("x"))}, 1002, "malformed close frame"},
		{"close with 1005", []ws.Frame{closeFrame(1005, "")}, 1002, "malformed close frame"},
		{"close with 5000", []ws.Frame{closeFrame(5000, "")}, 1002, "malformed close frame"},
		{"close with invalid UTF-8", []ws.Frame{closeFrame(1000, "\xff")}, 1002, "malformed close frame"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := onSockets(t, websocket.Config{MaxMessageBytes: 1000}, newFakeEngine())
			f.engine.receive = func(context.Context, ports.Message) error {
				t.Error("the engine was handed a message")
				return nil
			}
			c := f.dial()
			c.send(test.frames...)
			c.wantClose(test.code, test.reason)
			f.engine.wantDisconnected(t, ports.Disconnection{Address: c.address, Code: test.code, Reason: test.reason})
		})
	}
}

func TestUnmaskedFrameClosesWith1002(t *testing.T) {
	c := onSockets(t, websocket.Config{}, newFakeEngine()).dial()
	if err := ws.WriteFrame(c.conn, ws.NewTextFrame([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	c.wantClose(1002, string(ws.ErrProtocolMaskRequired))
}

func TestMalformedLengthClosesWith1002(t *testing.T) {
	c := onSockets(t, websocket.Config{}, newFakeEngine()).dial()
	if _, err := c.conn.Write([]byte("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00")); err != nil {
		t.Fatal(err)
	}
	c.wantClose(1002, "malformed frame length")
}

func TestMessageAsLongAsMaxMessageBytesIsTaken(t *testing.T) {
	messages := make(chan ports.Message, 1)
	engine := newFakeEngine()
	engine.receive = collecting(messages)
	c := onSockets(t, websocket.Config{}, engine).dial()
	c.sendText(strings.Repeat("x", 128<<10))
	if got := len(receive(t, messages).Data); got != 128<<10 {
		t.Errorf("got %d bytes", got)
	}
}

func TestPingIsAnsweredWhileAMessageIsHandled(t *testing.T) {
	engine := newFakeEngine()
	release := make(chan struct{})
	engine.receive = func(context.Context, ports.Message) error {
		<-release
		return nil
	}
	c := onSockets(t, websocket.Config{}, engine).dial()
	c.sendText("a long query")
	c.send(ws.NewPingFrame([]byte("are you there")))
	if got := string(c.read(ws.OpPong)); got != "are you there" {
		t.Errorf("pong %q", got)
	}
	close(release)
}

func TestReadingPausesAtMaxConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newFakeEngine()
		begun, release := make(chan ports.Message, 10), make(chan struct{})
		engine.receive = func(_ context.Context, message ports.Message) error {
			begun <- message
			<-release
			return nil
		}
		f := onPipes(t, websocket.Config{MaxConcurrent: 2, InitTimeout: time.Hour, KeepAlive: time.Second}, engine)
		c := f.dial()
		go func() {
			for i := range 5 {
				_ = ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewTextFrame([]byte{byte('a' + i)}))) // the checks below notice
			}
		}()
		go func() {
			for { // pongs cannot be read, and the client is not dead for that
				if _, err := ws.ReadFrame(c.in); err != nil {
					return
				}
			}
		}()
		time.Sleep(10 * time.Second)
		if len(begun) != 2 {
			t.Errorf("%d messages at a time, want 2", len(begun))
		}
		if len(f.engine.disconnected) != 0 {
			t.Error("the client was taken for dead")
		}
		close(release)
		synctest.Wait()
		if len(begun) != 5 {
			t.Errorf("%d messages in all, want 5", len(begun))
		}
		_ = c.conn.Close()
	})
}

// TestMessageIsHandledForAsLongAsHandleTimeout: then its context ends, and the socket
// stays.
func TestMessageIsHandledForAsLongAsHandleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine, ended := newFakeEngine(), make(chan error, 1)
		engine.receive = func(ctx context.Context, _ ports.Message) error {
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}
		c := onPipes(t, websocket.Config{InitTimeout: time.Hour, KeepAlive: time.Hour}, engine).dial()
		began := time.Now()
		c.sendText("hang")
		wantKind(t, receive(t, ended), context.DeadlineExceeded)
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("it took %v, want 30s", took)
		}
		c.awaitOpen()
		_ = c.conn.Close()
	})
}

func TestMessageThatArrivesTooSlowlyClosesWith1008(t *testing.T) {
	message := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(strings.Repeat("x", 100)))))
	first := ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(ws.OpText, false, []byte("x"))))
	next := ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(ws.OpContinuation, false, []byte("x"))))
	for name, part := range map[string]func(i int) []byte{
		"byte by byte": func(i int) []byte { return message[i : i+1] },
		"in fragments": func(i int) []byte {
			if i == 0 {
				return first
			}
			return next
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := onPipes(t, websocket.Config{InitTimeout: time.Hour, KeepAlive: time.Hour}, newFakeEngine()).dial()
				began, dribbled := time.Now(), make(chan struct{})
				go func() {
					defer close(dribbled)
					for i := 0; ; i++ {
						if _, err := c.conn.Write(part(i)); err != nil || i == 50 {
							return
						}
						time.Sleep(time.Second)
					}
				}()
				if got := c.read(ws.OpClose); string(got) != string(ws.NewCloseFrameBody(1008, "message not received in time")) {
					t.Errorf("closed with %q", got)
				}
				if took := time.Since(began); took < 20*time.Second || took > 21*time.Second {
					t.Errorf("it took %v, want 20s", took)
				}
				_ = c.conn.Close()
				<-dribbled
			})
		})
	}
}

// TestTimeBetweenMessagesIsNotLimited, also after one that came in pieces.
func TestTimeBetweenMessagesIsNotLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine, messages := newFakeEngine(), make(chan ports.Message, 2)
		engine.receive = collecting(messages)
		c := onPipes(t, websocket.Config{InitTimeout: 24 * time.Hour, KeepAlive: 24 * time.Hour}, engine).dial()
		for range 2 {
			time.Sleep(time.Hour)
			c.send(ws.NewFrame(ws.OpText, false, []byte("a")))
			time.Sleep(time.Second)
			c.send(ws.NewFrame(ws.OpContinuation, true, []byte("b")))
			if got := string(receive(t, messages).Data); got != "ab" {
				t.Errorf("got %q", got)
			}
		}
		_ = c.conn.Close()
	})
}

func TestPausedConnectionCanBeClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newFakeEngine()
		engine.receive = func(ctx context.Context, _ ports.Message) error {
			<-ctx.Done()
			return ctx.Err()
		}
		f := onPipes(t, websocket.Config{MaxConcurrent: 1}, engine)
		c := f.dial()
		c.sendText("one")
		c.sendText("two")
		if err := f.server.Close(t.Context(), c.address, 4000, "enough"); err != nil {
			t.Fatal(err)
		}
		c.read(ws.OpClose)
		f.engine.wantDisconnected(t, ports.Disconnection{Address: c.address, Code: 4000, Reason: "enough"})
	})
}

type contextKey struct{}

func TestContextKeepsTheRequestsValuesAndEndsWithTheSocket(t *testing.T) {
	engine := newFakeEngine()
	begun, ended := make(chan any, 1), make(chan error, 1)
	engine.receive = func(ctx context.Context, _ ports.Message) error {
		begun <- ctx.Value(contextKey{})
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}
	disconnected := make(chan error, 1)
	engine.disconnect = func(ctx context.Context, _ ports.Disconnection) error {
		if ctx.Value(contextKey{}) != "a value" {
			t.Error("Disconnect lacks the request's values")
		}
		disconnected <- ctx.Err()
		return nil
	}
	server := newServer(t, websocket.Config{}, engine)
	inner := server.Handler(engine)
	f := serving(t, server, engine, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, "a value")))
	}))
	c := f.dial()
	c.sendText("x")
	if got := receive(t, begun); got != "a value" {
		t.Errorf("value %v", got)
	}
	_ = c.conn.Close()
	wantKind(t, receive(t, ended), context.Canceled)
	if err := receive(t, disconnected); err != nil {
		t.Errorf("Disconnect's context has ended: %v", err)
	}
}

func TestPanicInReceiveClosesWith1011(t *testing.T) {
	engine := newFakeEngine()
	engine.receive = func(context.Context, ports.Message) error { panic("boom") }
	f := onSockets(t, websocket.Config{}, engine)
	c, other := f.dial(), f.dial()
	c.sendText("x")
	c.wantClose(1011, "internal error")
	f.engine.wantDisconnected(t, ports.Disconnection{Address: c.address, Code: 1011, Reason: "internal error"})
	other.send(ws.NewPingFrame(nil)) // the process lives
	other.read(ws.OpPong)
}

func TestErrorOfReceiveLeavesTheSocketOpen(t *testing.T) {
	engine := newFakeEngine()
	engine.receive = func(context.Context, ports.Message) error { return errors.New("store is down") }
	f := onSockets(t, websocket.Config{}, engine)
	c := f.dial()
	c.sendText("x")
	c.send(ws.NewPingFrame(nil))
	c.read(ws.OpPong)
}

func TestLogTellsOfAPanicButQuotesNothing(t *testing.T) {
	engine := newFakeEngine()
	engine.receive = func(context.Context, ports.Message) error { panic("a secret") }
	var log bytes.Buffer
	f := onSockets(t, websocket.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, engine)
	c := f.dial()
	c.sendText("x")
	c.wantClose(1011, "internal error")
	if err := f.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); strings.Contains(got, "a secret") || !strings.Contains(got, "TestLogTellsOfAPanic") || !strings.Contains(got, string(c.address.ID)) {
		t.Errorf("log: %s", got)
	}
}
