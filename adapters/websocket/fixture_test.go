package websocket_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"go.uber.org/goleak"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is what a test waits for something that is about to happen.
const patience = time.Minute

// fakeEngine accepts everything and does nothing, but for what a test puts in.
type fakeEngine struct {
	connect    func(context.Context, ports.Handshake) (ports.Accepted, error)
	receive    func(context.Context, ports.Message) error
	expireInit func(context.Context, ports.Address) error
	keepAlive  func(context.Context, ports.Address) error
	disconnect func(context.Context, ports.Disconnection) error

	addresses    chan ports.Address
	disconnected chan ports.Disconnection
}

func newFakeEngine() *fakeEngine {
	return &fakeEngine{addresses: make(chan ports.Address, 2000), disconnected: make(chan ports.Disconnection, 2000)}
}

func (e *fakeEngine) Connect(ctx context.Context, handshake ports.Handshake) (ports.Accepted, error) {
	e.addresses <- handshake.Address
	if e.connect != nil {
		return e.connect(ctx, handshake)
	}
	return ports.Accepted{}, nil
}

func (e *fakeEngine) Take(message ports.Message) func(context.Context) error {
	return func(ctx context.Context) error {
		if e.receive != nil {
			return e.receive(ctx, message)
		}
		return nil
	}
}

func (e *fakeEngine) ExpireInit(ctx context.Context, address ports.Address) error {
	if e.expireInit != nil {
		return e.expireInit(ctx, address)
	}
	return nil
}

func (e *fakeEngine) KeepAlive(ctx context.Context, address ports.Address) error {
	if e.keepAlive != nil {
		return e.keepAlive(ctx, address)
	}
	return nil
}

func (e *fakeEngine) Disconnect(ctx context.Context, disconnection ports.Disconnection) error {
	if e.disconnect != nil {
		return e.disconnect(ctx, disconnection)
	}
	e.disconnected <- disconnection
	return nil
}

// fixture is a server on real sockets, or on pipes where time is fake.
type fixture struct {
	t      testing.TB
	server *websocket.Server
	engine *fakeEngine
	url    string
	dialer ws.Dialer
}

func newServer(t testing.TB, config websocket.Config, engine *fakeEngine) *websocket.Server {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	server := must.Make(websocket.NewServer(config))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return server
}

func onSockets(t testing.TB, config websocket.Config, engine *fakeEngine) *fixture {
	server := newServer(t, config, engine)
	return serving(t, server, engine, server.Handler(engine))
}

func serving(t testing.TB, server *websocket.Server, engine *fakeEngine, handler http.Handler) *fixture {
	front := httptest.NewServer(handler)
	t.Cleanup(front.Close)
	return &fixture{t: t, server: server, engine: engine, url: "ws" + front.URL[len("http"):]}
}

// onPipes serves connections that have no buffer at all: what is written waits
// until it is read.
func onPipes(t testing.TB, config websocket.Config, engine *fakeEngine) *fixture {
	server := newServer(t, config, engine)
	listener := &pipeListener{accept: make(chan net.Conn), closed: make(chan struct{})}
	front := &http.Server{Handler: server.Handler(engine), ReadHeaderTimeout: patience}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = front.Serve(listener) // ends with Close
	}()
	t.Cleanup(func() {
		_ = front.Close()
		<-served
	})
	return &fixture{t: t, server: server, engine: engine, url: "ws://server/", dialer: ws.Dialer{NetDial: listener.dial}}
}

type pipeListener struct {
	accept chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.accept:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	l.accept <- far
	return near, nil
}

// client is the other side, frame by frame.
type client struct {
	t        testing.TB
	conn     net.Conn
	in       io.Reader
	address  ports.Address
	protocol string
}

// dial opens a socket; the engine has to accept it.
func (f *fixture) dial(protocols ...string) *client {
	f.t.Helper()
	dialer := f.dialer
	dialer.Protocols = protocols
	conn, buffered, handshake, err := dialer.Dial(context.Background(), f.url)
	if err != nil {
		f.t.Fatalf("dial: %v", err)
	}
	f.t.Cleanup(func() { _ = conn.Close() })
	c := &client{t: f.t, conn: conn, in: conn, address: <-f.engine.addresses, protocol: handshake.Protocol}
	if buffered != nil {
		c.in = buffered
	}
	return c
}

// awaitOpen returns when the server has begun to read, a moment after the
// client has its answer.
func (c *client) awaitOpen() *client {
	c.t.Helper()
	c.send(ws.NewPingFrame(nil))
	c.read(ws.OpPong)
	return c
}

func (c *client) send(frames ...ws.Frame) {
	c.t.Helper()
	for _, frame := range frames {
		if err := ws.WriteFrame(c.conn, ws.MaskFrame(frame)); err != nil {
			c.t.Fatalf("send: %v", err)
		}
	}
}

func (c *client) sendText(text string) {
	c.t.Helper()
	c.send(ws.NewTextFrame([]byte(text)))
}

func (c *client) read(want ws.OpCode) []byte {
	c.t.Helper()
	frame, err := ws.ReadFrame(c.in)
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	if frame.Header.OpCode != want || frame.Header.Masked || !frame.Header.Fin {
		c.t.Fatalf("got %+v %q, want opcode %d, final and unmasked", frame.Header, frame.Payload, want)
	}
	return frame.Payload
}

func (c *client) wantText(want string) {
	c.t.Helper()
	if got := string(c.read(ws.OpText)); got != want {
		c.t.Fatalf("got %q, want %q", got, want)
	}
}

// wantClose reads the close frame and answers it; then the server must end the
// socket. Code 0 stands for a frame without one.
func (c *client) wantClose(code int, reason string) {
	c.t.Helper()
	payload := c.read(ws.OpClose)
	gotCode, gotReason := 0, ""
	if len(payload) > 0 {
		gotCode, gotReason = int(binary.BigEndian.Uint16(payload)), string(payload[2:])
	}
	if gotCode != code || gotReason != reason {
		c.t.Fatalf("closed with %d %q, want %d %q", gotCode, gotReason, code, reason)
	}
	_ = ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewCloseFrame(payload))) // the server may have stopped listening
	c.wantEnd()
}

func (c *client) wantEnd() {
	c.t.Helper()
	if frame, err := ws.ReadFrame(c.in); err == nil {
		c.t.Fatalf("got %+v %q, want the end of the socket", frame.Header, frame.Payload)
	}
	_ = c.conn.Close() // as clients do
}

func (e *fakeEngine) wantDisconnected(t testing.TB, want ports.Disconnection) {
	t.Helper()
	if got := receive(t, e.disconnected); got != want {
		t.Fatalf("disconnected %+v, want %+v", got, want)
	}
}

// receive waits for what a channel is about to bring.
func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func wantKind(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
}

func text(s string) ports.Frame {
	half := len(s) / 2
	return ports.Frame{Head: []byte(s[:half]), Payload: []byte(s[half:])}
}
