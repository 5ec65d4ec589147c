package websocket_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

func TestPushedFramesArriveInOrder(t *testing.T) {
	const pushes = 1000
	tls := func(t testing.TB, config websocket.Config, engine *fakeEngine) *fixture {
		server := newServer(t, config, engine)
		front := httptest.NewTLSServer(server.Handler(engine))
		t.Cleanup(front.Close)
		client := front.Client().Transport.(*http.Transport).TLSClientConfig
		return &fixture{t: t, server: server, engine: engine, url: "wss" + front.URL[len("https"):], dialer: ws.Dialer{TLSConfig: client}}
	}
	for name, start := range map[string]func(testing.TB, websocket.Config, *fakeEngine) *fixture{"tcp": onSockets, "tls": tls, "pipe": onPipes} {
		t.Run(name, func(t *testing.T) {
			f := start(t, websocket.Config{}, newFakeEngine())
			var group sync.WaitGroup
			for range 8 {
				c := f.dial()
				group.Go(func() {
					for i := range pushes {
						if err := f.server.Push(t.Context(), c.address, text(fmt.Sprint("message ", i))); err != nil {
							t.Errorf("push %d: %v", i, err)
							return
						}
					}
				})
				group.Go(func() {
					for i := range pushes {
						frame, err := ws.ReadFrame(c.in)
						if want := fmt.Sprint("message ", i); err != nil || string(frame.Payload) != want {
							t.Errorf("got %q %v, want %q", frame.Payload, err, want)
							return
						}
					}
				})
			}
			group.Wait()
		})
	}
}

func TestFramesOfAnyLengthArrive(t *testing.T) {
	f := onSockets(t, websocket.Config{}, newFakeEngine())
	c := f.dial()
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 3 << 20} {
		want := strings.Repeat("x", size)
		if err := f.server.Push(t.Context(), c.address, text(want)); err != nil {
			t.Fatal(err)
		}
		c.wantText(want)
	}
}

func TestPushToAnUnknownConnectionIsGone(t *testing.T) {
	f := onSockets(t, websocket.Config{}, newFakeEngine())
	c := f.dial()
	_ = c.conn.Close()
	receive(t, f.engine.disconnected)
	wantKind(t, f.server.Push(t.Context(), c.address, text("x")), ports.ErrGone)
	wantKind(t, f.server.Push(t.Context(), ports.Address{ID: "never was"}, text("x")), ports.ErrGone)
}

func TestPushHonoursItsContext(t *testing.T) {
	f := onSockets(t, websocket.Config{}, newFakeEngine())
	c := f.dial()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantKind(t, f.server.Push(ctx, c.address, text("x")), context.Canceled)
	wantKind(t, f.server.Close(ctx, c.address, 4000, ""), context.Canceled)
}

// countingListener counts the writes to what it accepts.
type countingListener struct {
	net.Listener
	writes atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &countingConn{Conn: conn, writes: &l.writes}, err
}

type countingConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

func TestFramesThatWaitShareOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newFakeEngine()
		server := newServer(t, websocket.Config{}, engine)
		pipes := &pipeListener{accept: make(chan net.Conn), closed: make(chan struct{})}
		listener := &countingListener{Listener: pipes}
		front := &http.Server{Handler: server.Handler(engine), ReadHeaderTimeout: patience}
		go func() { _ = front.Serve(listener) }() // ends with Close
		t.Cleanup(func() { _ = front.Close() })
		f := &fixture{t: t, server: server, engine: engine, url: "ws://server/", dialer: ws.Dialer{NetDial: pipes.dial}}
		c := f.dial()

		listener.writes.Store(0)
		for i := range 100 {
			if err := server.Push(t.Context(), c.address, text(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // the first frame is stuck in its write
		}
		for i := range 100 {
			c.wantText(fmt.Sprint(i))
		}
		if got := listener.writes.Load(); got != 2 {
			t.Errorf("%d writes, want 2", got)
		}
	})
}

func TestAnswerDoesNotWaitForAWriterThatRests(t *testing.T) {
	engine := newFakeEngine()
	f := onSockets(t, websocket.Config{}, engine)
	engine.receive = func(ctx context.Context, message ports.Message) error {
		for _, part := range []string{"answer", "end"} {
			if err := f.server.Push(ctx, message.Address, text(part)); err != nil {
				return err
			}
		}
		return nil
	}
	c := f.dial().awaitOpen()
	t.Cleanup(f.server.Rest())
	c.sendText("question")
	c.wantText("answer")
	c.wantText("end")
}

func TestAnswersToMessagesAtOnceShareOneWrite(t *testing.T) {
	engine := newFakeEngine()
	f := onSockets(t, websocket.Config{MaxConcurrent: 2}, engine)
	others, finish := make(chan struct{}, 2), make(chan struct{})
	engine.receive = func(ctx context.Context, message ports.Message) error {
		err := f.server.Push(ctx, message.Address, text("answer to "+string(message.Data)))
		if string(message.Data) == "1" {
			<-others // so that it is never the only one
			return err
		}
		others <- struct{}{}
		<-finish
		return err
	}
	c := f.dial().awaitOpen()
	t.Cleanup(f.server.Rest())
	first := make(chan string, 1)
	go func() {
		b := make([]byte, 1000)
		n, _ := c.in.Read(b) // of nothing, if it fails
		first <- string(b[:n])
	}()
	for _, message := range []string{"1", "2", "3"} { // the third is taken when the first has been handled
		c.sendText(message)
	}
	receive(t, others)
	close(finish)
	if got := receive(t, first); strings.Count(got, "answer to") != 3 {
		t.Errorf("the first read has %q, want three answers", got)
	}
}

// fill pushes until the server refuses, and returns how many it took.
func fill(t *testing.T, f *fixture, c *client, payload string) (taken int, refusal error) {
	t.Helper()
	for taken < 1_000_000 {
		if refusal = f.server.Push(t.Context(), c.address, text(fmt.Sprint(taken, " ", payload))); refusal != nil {
			return taken, refusal
		}
		taken++
	}
	t.Fatal("never refused")
	return 0, nil
}

func TestSlowConsumerIsClosedWith1013(t *testing.T) {
	for name, config := range map[string]websocket.Config{
		"by frames": {MaxQueuedFrames: 10},
		"by bytes":  {MaxQueuedBytes: 100 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			f := onSockets(t, config, newFakeEngine())
			c := f.dial().awaitOpen()
			payload := strings.Repeat("x", 16<<10)
			taken, err := fill(t, f, c, payload)
			wantKind(t, err, ports.ErrGone)
			for i := 0; ; i++ { // what the socket had taken still arrives, whole
				frame, err := ws.ReadFrame(c.in)
				if err != nil {
					t.Fatal(err)
				}
				if frame.Header.OpCode == ws.OpClose {
					if code, reason := ws.ParseCloseFrameData(frame.Payload); code != 1013 || reason != "slow consumer" || i >= taken {
						t.Errorf("closed with %d %q after %d of %d", code, reason, i, taken)
					}
					break
				}
				if want := fmt.Sprint(i, " ", payload); string(frame.Payload) != want {
					t.Fatalf("frame %d is not as it was pushed", i)
				}
			}
			c.send(ws.NewCloseFrame(nil))
			f.engine.wantDisconnected(t, ports.Disconnection{Address: c.address, Code: 1013, Reason: "slow consumer"})
		})
	}
}

func TestSlowConsumerIsThrottledIfSoConfigured(t *testing.T) {
	f := onSockets(t, websocket.Config{MaxQueuedFrames: 10, SlowConsumer: websocket.ThrottleSlowConsumer}, newFakeEngine())
	c := f.dial().awaitOpen()
	payload := strings.Repeat("x", 16<<10)
	taken, err := fill(t, f, c, payload)
	wantKind(t, err, ports.ErrThrottled)
	for i := range taken {
		c.wantText(fmt.Sprint(i, " ", payload))
	}
	if err := f.server.Push(t.Context(), c.address, text("again")); err != nil {
		t.Fatal(err)
	}
	c.wantText("again")
}

func TestBurstBeyondTheQueueIsNotASlowConsumer(t *testing.T) {
	f := onSockets(t, websocket.Config{MaxQueuedFrames: 2}, newFakeEngine())
	c := f.dial().awaitOpen()
	for i := range 2000 {
		if err := f.server.Push(t.Context(), c.address, text(fmt.Sprint(i))); err != nil {
			t.Fatalf("push %d: %v", i, err)
		}
	}
	for i := range 2000 {
		c.wantText(fmt.Sprint(i))
	}
}

func TestSlowConsumerHoldsUpNobodyElse(t *testing.T) {
	f := onSockets(t, websocket.Config{SlowConsumer: websocket.ThrottleSlowConsumer}, newFakeEngine())
	slow, quick := f.dial().awaitOpen(), make([]*client, 8)
	for i := range quick {
		quick[i] = f.dial()
	}
	_, err := fill(t, f, slow, strings.Repeat("x", 16<<10))
	wantKind(t, err, ports.ErrThrottled)
	for _, c := range quick {
		if err := f.server.Push(t.Context(), c.address, text("quick")); err != nil {
			t.Fatal(err)
		}
		c.wantText("quick")
	}
}

func TestClientThatTakesNothingIsCutAfterWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := onPipes(t, websocket.Config{KeepAlive: time.Hour}, newFakeEngine())
		c := f.dial()
		if err := f.server.Push(t.Context(), c.address, text("never read")); err != nil {
			t.Fatal(err)
		}
		f.engine.wantDisconnected(t, ports.Disconnection{Address: c.address})
	})
}
