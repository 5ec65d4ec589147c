package apigw_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/gobwas/ws"
	"go.uber.org/goleak"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is what a test waits for something that is about to happen.
const patience = time.Minute

// fakeEngine accepts everything and does nothing, but for what a test puts in.
type fakeEngine struct {
	connect    func(context.Context, ports.Handshake) (ports.Accepted, error)
	receive    func(context.Context, ports.Message) error
	disconnect func(context.Context, ports.Disconnection) error

	addresses    chan ports.Address
	disconnected chan ports.Disconnection
}

func newFakeEngine() *fakeEngine {
	return &fakeEngine{addresses: make(chan ports.Address, 100), disconnected: make(chan ports.Disconnection, 100)}
}

func (e *fakeEngine) Connect(ctx context.Context, handshake ports.Handshake) (ports.Accepted, error) {
	if e.connect != nil {
		return e.connect(ctx, handshake)
	}
	e.addresses <- handshake.Address
	return ports.Accepted{}, nil
}

func (e *fakeEngine) Receive(ctx context.Context, message ports.Message) error {
	if e.receive != nil {
		return e.receive(ctx, message)
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

func keys() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("AKID", "secret", "token")
}

// fixture is the handler and the pusher on a local gateway.
type fixture struct {
	t      *testing.T
	engine *fakeEngine
	pusher *apigw.Pusher
	url    string // of the stage, http
}

func newFixture(t *testing.T, engine *fakeEngine, handler apigw.HandlerConfig, gateway local.Config) *fixture {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	handler.Endpoint = "http://" + server.Listener.Addr().String() + "/local"
	handler.Engine = engine
	gateway.Function = newHandler(t, handler)
	served, err := local.NewGateway(gateway)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = served
	server.Start()
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := served.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		transport.CloseIdleConnections()
		server.Close()
	})
	pusher := newPusher(t, apigw.PusherConfig{Transport: transport})
	return &fixture{t, engine, pusher, handler.Endpoint}
}

// client is the other side of a socket.
type client struct {
	conn         net.Conn
	in           io.Reader
	disconnected <-chan ports.Disconnection
}

func (f *fixture) dial() (ports.Address, *client) {
	f.t.Helper()
	conn, buffered, _, err := ws.Dialer{}.Dial(f.t.Context(), "ws"+f.url[len("http"):])
	if err != nil {
		f.t.Fatalf("dial: %v", err)
	}
	f.t.Cleanup(func() { _ = conn.Close() })
	c := &client{conn: conn, in: conn, disconnected: f.engine.disconnected}
	if buffered != nil {
		c.in = buffered
	}
	return <-f.engine.addresses, c
}

func (c *client) send(t *testing.T, text string) {
	t.Helper()
	if err := ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewTextFrame([]byte(text)))); err != nil {
		t.Fatal(err)
	}
}

// Receive returns the next message, or how the socket was closed.
func (c *client) Receive(context.Context) ([]byte, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	frame, err := ws.ReadFrame(c.in)
	if err != nil {
		return nil, err
	}
	if frame.Header.OpCode != ws.OpClose {
		return frame.Payload, nil
	}
	_ = c.conn.Close() // as clients do
	return nil, &porttest.Closed{Code: int(binary.BigEndian.Uint16(frame.Payload)), Reason: string(frame.Payload[2:])}
}

// HangUp closes the socket and waits for $disconnect.
func (c *client) HangUp(context.Context) error {
	err := c.conn.Close()
	<-c.disconnected
	return err
}

// wants reads messages.
func (c *client) wants(t *testing.T, want ...string) {
	t.Helper()
	for _, text := range want {
		got, err := c.Receive(t.Context())
		if err != nil || string(got) != text {
			t.Fatalf("got %q (%v), want %q", got, err, text)
		}
	}
}

func wantClosed(t *testing.T, c *client, code int) {
	t.Helper()
	got, err := c.Receive(t.Context())
	closed, ok := errors.AsType[*porttest.Closed](err)
	if !ok || closed.Code != code {
		t.Fatalf("got %q (%v), want close code %d", got, err, code)
	}
}

func text(s string) ports.Frame {
	half := len(s) / 2
	return ports.Frame{Head: []byte(s[:half]), Payload: []byte(s[half:])}
}
