package local_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/apigw/local"
)

// patience is what a test waits for something that is about to happen.
const patience = time.Minute

// function is a Lambda function that answers 200, but for what a test puts in,
// and hands over every event.
type function struct {
	answer func(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (string, error)
	events chan events.APIGatewayWebsocketProxyRequest
}

func newFunction() *function {
	return &function{events: make(chan events.APIGatewayWebsocketProxyRequest, 1000)}
}

func (f *function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event events.APIGatewayWebsocketProxyRequest
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	f.events <- event
	if f.answer != nil {
		answer, err := f.answer(ctx, event)
		return []byte(answer), err
	}
	return []byte(`{"statusCode":200}`), nil
}

// next is the next event, which has to be of the type.
func (f *function) next(t *testing.T, eventType string) events.APIGatewayWebsocketProxyRequest {
	t.Helper()
	event := receive(t, f.events)
	if event.RequestContext.EventType != eventType {
		t.Fatalf("got a %s event, want %s", event.RequestContext.EventType, eventType)
	}
	return event
}

// fixture is a gateway on real sockets.
type fixture struct {
	t        *testing.T
	gateway  *local.Gateway
	function *function
	url      string // of the stage, http
}

// newFixture runs a gateway for a function, or for another one in its place.
func newFixture(t *testing.T, config local.Config, function *function, other ...local.Function) *fixture {
	t.Helper()
	config.Function = function
	if len(other) > 0 {
		config.Function = other[0]
	}
	gateway, err := local.NewGateway(config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gateway)
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := gateway.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return &fixture{t, gateway, function, server.URL + "/local"}
}

// client is the other side of a socket, frame by frame.
type client struct {
	t    *testing.T
	conn net.Conn
	in   io.Reader
	id   string // of the connection
}

// dial opens a socket, and knows its connection's ID.
func (f *fixture) dial() *client {
	f.t.Helper()
	c := f.open()
	c.id = f.function.next(f.t, "CONNECT").RequestContext.ConnectionID
	return c
}

func (f *fixture) open() *client {
	f.t.Helper()
	conn, buffered, _, err := ws.Dialer{}.Dial(f.t.Context(), "ws"+f.url[len("http"):])
	if err != nil {
		f.t.Fatalf("dial: %v", err)
	}
	f.t.Cleanup(func() { _ = conn.Close() })
	c := &client{t: f.t, conn: conn, in: conn}
	if buffered != nil {
		c.in = buffered
	}
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
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	frame, err := ws.ReadFrame(c.in)
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	if frame.Header.OpCode != want {
		c.t.Fatalf("got %+v %q, want opcode %d", frame.Header, frame.Payload, want)
	}
	return frame.Payload
}

func (c *client) wantText(want string) {
	c.t.Helper()
	if got := string(c.read(ws.OpText)); got != want {
		c.t.Fatalf("got %q, want %q", got, want)
	}
}

// wantClose reads the close frame and answers it; then the gateway must end the
// socket.
func (c *client) wantClose(code int) {
	c.t.Helper()
	payload := c.read(ws.OpClose)
	if got := int(binary.BigEndian.Uint16(payload)); got != code {
		c.t.Fatalf("closed with %d %q, want %d", got, payload[2:], code)
	}
	_ = ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewCloseFrame(payload))) // the gateway may have stopped listening
	if frame, err := ws.ReadFrame(c.in); err == nil {
		c.t.Fatalf("got %+v %q, want the end of the socket", frame.Header, frame.Payload)
	}
	_ = c.conn.Close() // as clients do
}

// manage calls the @connections API.
func (f *fixture) manage(method, id, body string) (status int, header http.Header, answer string) {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.t.Context(), method, f.url+"/@connections/"+url.QueryEscape(id), bytes.NewBufferString(body))
	if err != nil {
		f.t.Fatal(err)
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=...")
	return do(f.t, request)
}

func do(t *testing.T, request *http.Request) (status int, header http.Header, answer string) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(data)
}

// receive waits for what a channel is about to bring.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

var errFunction = errors.New("the function failed")
