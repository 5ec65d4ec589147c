package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

// request is a handshake that nothing is wrong with.
func request(url string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http"+strings.TrimPrefix(url, "ws"), nil)
	r.RequestURI = ""
	r.Header.Set("Connection", "keep-alive, Upgrade")
	r.Header.Set("Upgrade", "WebSocket")
	r.Header.Set("Sec-WebSocket-Version", "13")
	r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	return r
}

// answer sends a request that is not expected to open a socket.
func (f *fixture) answer(r *http.Request) (status int, body string, header http.Header) {
	f.t.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusSwitchingProtocols {
		return response.StatusCode, "", response.Header
	}
	data, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	return response.StatusCode, strings.TrimSpace(string(data)), response.Header
}

func TestHandshakeTellsTheEngineWhatIsKnown(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	engine := newFakeEngine()
	handshakes := make(chan ports.Handshake, 1)
	engine.connect = func(_ context.Context, handshake ports.Handshake) (ports.Accepted, error) {
		handshakes <- handshake
		return ports.Accepted{}, &ports.Refusal{}
	}
	f := onSockets(t, websocket.Config{
		Endpoint: "node-7",
		Now:      func() time.Time { return now },
		NewID:    func() string { return "the-id" },
	}, engine)
	r := request(f.url + "/graphql?token=abc")
	r.Header.Set("Authorization", "Bearer x")
	r.Header["Sec-Websocket-Protocol"] = []string{"graphql-transport-ws , graphql-ws", "other"}
	f.answer(r)

	got := receive(t, handshakes)
	if got.Address != (ports.Address{ID: "the-id", Endpoint: "node-7"}) {
		t.Errorf("address %+v", got.Address)
	}
	if !got.ReceivedAt.Equal(now) {
		t.Errorf("received at %v", got.ReceivedAt)
	}
	if want := []string{"graphql-transport-ws", "graphql-ws", "other"}; !reflect.DeepEqual(got.Protocols, want) {
		t.Errorf("protocols %q, want those of every line, in order", got.Protocols)
	}
	if got.Header.Get("Authorization") != "Bearer x" || got.Query.Get("token") != "abc" {
		t.Errorf("header %v, query %v", got.Header, got.Query)
	}
	if host, _, err := net.SplitHostPort(got.RemoteAddr); err != nil || host != "127.0.0.1" {
		t.Errorf("remote address %q", got.RemoteAddr)
	}
}

func TestHandshakeEchoesTheAcceptedSubprotocol(t *testing.T) {
	engine := newFakeEngine()
	engine.connect = func(_ context.Context, handshake ports.Handshake) (ports.Accepted, error) {
		return ports.Accepted{Protocol: handshake.Protocols[1]}, nil
	}
	f := onSockets(t, websocket.Config{}, engine)
	if c := f.dial("a", "b", "c"); c.protocol != "b" {
		t.Errorf("protocol %q, want b", c.protocol)
	}
}

// errFullStore is a store's at maxmemory.
var errFullStore = &ports.Error{Op: "redis.CreateConnection", Kind: ports.ErrThrottled, Err: errors.New("OOM command not allowed")}

func TestRefusalAnswersTheHandshake(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		body   string
	}{
		{&ports.Refusal{Reason: "not you"}, http.StatusForbidden, "not you"},
		{&ports.Refusal{Status: http.StatusUnauthorized, Reason: "who are you"}, http.StatusUnauthorized, "who are you"},
		{fmt.Errorf("hook: %w", &ports.Refusal{Reason: "wrapped"}), http.StatusForbidden, "wrapped"},
		{errors.New("secret"), http.StatusInternalServerError, "Internal Server Error"},
		{errFullStore, http.StatusServiceUnavailable, "Service Unavailable"},
		{&ports.Error{Op: "store", Err: errors.New("connection refused")}, http.StatusServiceUnavailable, "Service Unavailable"},
		{&ports.Error{Op: "store", Kind: ports.ErrTooLarge}, http.StatusInternalServerError, "Internal Server Error"},
	} {
		t.Run(test.err.Error(), func(t *testing.T) {
			engine := newFakeEngine()
			engine.connect = func(context.Context, ports.Handshake) (ports.Accepted, error) {
				return ports.Accepted{}, test.err
			}
			f := onSockets(t, websocket.Config{MaxConnections: 1}, engine)
			for range 2 { // a refused handshake keeps no place
				status, body, header := f.answer(request(f.url))
				if status != test.status || body != test.body {
					t.Errorf("got %d %q, want %d %q", status, body, test.status, test.body)
				}
				if after := header.Get("Retry-After"); (after != "") != (status == http.StatusServiceUnavailable) {
					t.Errorf("Retry-After is %q", after)
				}
			}
			if len(engine.disconnected) != 0 {
				t.Error("a refused connection was reported as disconnected")
			}
		})
	}
}

func TestPanicInConnectAnswers500(t *testing.T) {
	engine := newFakeEngine()
	engine.connect = func(context.Context, ports.Handshake) (ports.Accepted, error) { panic("boom") }
	f := onSockets(t, websocket.Config{}, engine)
	if status, body, _ := f.answer(request(f.url)); status != http.StatusInternalServerError || strings.Contains(body, "boom") {
		t.Errorf("got %d %q", status, body)
	}
}

func TestSubprotocolRefusalClosesAnOpenSocketWith4406(t *testing.T) {
	engine := newFakeEngine()
	engine.connect = func(context.Context, ports.Handshake) (ports.Accepted, error) {
		return ports.Accepted{}, &ports.Refusal{Code: 4406, Reason: "Subprotocol not acceptable"}
	}
	f := onSockets(t, websocket.Config{}, engine)
	c := f.dial("soap")
	if c.protocol != "" {
		t.Errorf("protocol %q was echoed", c.protocol)
	}
	c.wantClose(4406, "Subprotocol not acceptable")
	if err := f.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(engine.disconnected) != 0 {
		t.Error("a refused connection was reported as disconnected")
	}
}

func TestRequestThatIsNoHandshakeIsToldWhy(t *testing.T) {
	f := onSockets(t, websocket.Config{}, newFakeEngine())
	for _, test := range []struct {
		name   string
		spoil  func(*http.Request)
		status int
		body   string
	}{
		{"plain GET", func(r *http.Request) { r.Header = http.Header{} }, http.StatusUpgradeRequired, "WebSocket client"},
		{"no Connection", func(r *http.Request) { r.Header.Del("Connection") }, http.StatusUpgradeRequired, "WebSocket client"},
		{"POST", func(r *http.Request) { r.Method = http.MethodPost }, http.StatusBadRequest, "GET"},
		{"version", func(r *http.Request) { r.Header.Set("Sec-WebSocket-Version", "8") }, http.StatusUpgradeRequired, "version 13"},
		{"no key", func(r *http.Request) { r.Header.Del("Sec-WebSocket-Key") }, http.StatusBadRequest, "Key"},
		{"two keys", func(r *http.Request) { r.Header.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==") }, http.StatusBadRequest, "one Sec-WebSocket-Key"},
		{"two versions", func(r *http.Request) { r.Header.Add("Sec-WebSocket-Version", "13") }, http.StatusBadRequest, "one Sec-WebSocket-Version"},
		{"two origins", func(r *http.Request) {
			r.Header["Origin"] = []string{"http://" + r.Host, "https://evil.example"}
		}, http.StatusBadRequest, "one Origin"},
		{"a body", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), 1 }, http.StatusBadRequest, "no body"},
		{"a body of unknown length", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), -1 }, http.StatusBadRequest, "no body"},
		{"short key", func(r *http.Request) { r.Header.Set("Sec-WebSocket-Key", "YWJj") }, http.StatusBadRequest, "Key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := request(f.url)
			test.spoil(r)
			status, body, header := f.answer(r)
			if status != test.status || !strings.Contains(body, test.body) {
				t.Errorf("got %d %q, want %d with %q", status, body, test.status, test.body)
			}
			if header.Get("Sec-WebSocket-Version") != "13" {
				t.Error("the version that is spoken is not named")
			}
		})
	}
	if len(f.engine.addresses) != 0 {
		t.Error("the engine was called")
	}
}

func TestOrigin(t *testing.T) {
	for _, test := range []struct {
		name    string
		config  websocket.Config
		origin  string // HOST stands for the server's own
		allowed bool
	}{
		{"none", websocket.Config{}, "", true},
		{"own host", websocket.Config{}, "https://HOST", true},
		{"another host", websocket.Config{}, "https://evil.example", false},
		{"opaque", websocket.Config{}, "null", false},
		{"unreadable", websocket.Config{}, "http://[", false},
		{"listed", websocket.Config{Origins: []string{"app.example"}}, "https://APP.example", true},
		{"listed with scheme", websocket.Config{Origins: []string{"https://app.example"}}, "https://app.example", true},
		{"listed with another scheme", websocket.Config{Origins: []string{"https://app.example"}}, "http://app.example", false},
		{"listed by pattern", websocket.Config{Origins: []string{"x", "*.example"}}, "https://a.example", true},
		{"only like the pattern", websocket.Config{Origins: []string{"*.example"}}, "https://a.example.evil", false},
		{"all", websocket.Config{Origins: []string{"*"}}, "null", true},
		{"own check", websocket.Config{CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "x" }}, "x", true},
		{"own check refuses", websocket.Config{CheckOrigin: func(*http.Request) bool { return false }}, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			test.config.Logger = slog.New(slog.NewTextHandler(&log, nil))
			f := onSockets(t, test.config, newFakeEngine())
			f.engine.connect = func(context.Context, ports.Handshake) (ports.Accepted, error) {
				return ports.Accepted{}, &ports.Refusal{Status: http.StatusTeapot}
			}
			r := request(f.url)
			if test.origin != "" {
				r.Header.Set("Origin", strings.ReplaceAll(test.origin, "HOST", r.URL.Host))
			}
			want := http.StatusForbidden
			if test.allowed {
				want = http.StatusTeapot
			}
			if status, _, _ := f.answer(r); status != want {
				t.Errorf("got %d, want %d", status, want)
			}
			if logged := strings.Contains(log.String(), "websocket.Config.Origins"); logged == test.allowed {
				t.Errorf("logged %q", &log)
			}
		})
	}
}

func TestMaxConnectionsAnswers503(t *testing.T) {
	f := onSockets(t, websocket.Config{MaxConnections: 2}, newFakeEngine())
	first := f.dial()
	f.dial()
	if status, _, header := f.answer(request(f.url)); status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("got %d %v, want 503 with a Retry-After", status, header)
	}
	_ = first.conn.Close()
	receive(t, f.engine.disconnected)
	f.dial() // there is room again
}

func TestConnectThatTakesTooLongAnswers500(t *testing.T) {
	engine := newFakeEngine()
	engine.connect = func(ctx context.Context, _ ports.Handshake) (ports.Accepted, error) {
		<-ctx.Done()
		return ports.Accepted{}, ctx.Err()
	}
	f := onSockets(t, websocket.Config{HandshakeTimeout: time.Millisecond}, engine)
	if status, _, _ := f.answer(request(f.url)); status != http.StatusInternalServerError {
		t.Errorf("got %d, want 500", status)
	}
}

// TestClientThatLeavesBeforeItIsLetIn: sockets and streams alike, that is its own affair,
// and nothing that an operator is to read.
func TestClientThatLeavesBeforeItIsLetIn(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]func(*websocket.Server, *fakeEngine) http.Handler{
		"socket": func(s *websocket.Server, e *fakeEngine) http.Handler { return s.Handler(e) },
		"stream": func(s *websocket.Server, e *fakeEngine) http.Handler { return holder(s.Streams(e)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			engine := newFakeEngine()
			engine.connect = func(ctx context.Context, _ ports.Handshake) (ports.Accepted, error) {
				<-ctx.Done()
				return ports.Accepted{}, fmt.Errorf("the store: %w", ctx.Err())
			}
			server := newServer(t, websocket.Config{HandshakeTimeout: patience, Logger: slog.New(slog.NewTextHandler(&log, nil))}, engine)
			front := httptest.NewServer(handler(server, engine))
			defer front.Close()
			ctx, leave := context.WithCancel(t.Context())
			left := make(chan error)
			go func() {
				_, err := http.DefaultTransport.RoundTrip(request("ws" + strings.TrimPrefix(front.URL, "http")).WithContext(ctx)) //nolint:bodyclose // there is none
				left <- err
			}()
			receive(t, engine.addresses)
			leave()
			if err := receive(t, left); err == nil {
				t.Error("it was answered")
			}
			front.Close() // once the handler has returned
			if log.Len() > 0 {
				t.Errorf("the log is %q", log.String())
			}
		})
	}
}

// leaving is an answer whose connection no longer takes what is written.
type leaving struct {
	*httptest.ResponseRecorder
	conn net.Conn
}

func (l leaving) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return l.conn, bufio.NewReadWriter(bufio.NewReader(l.conn), bufio.NewWriter(l.conn)), nil
}

// failing is a connection to which each write fails.
type failing struct {
	net.Conn
	err error
}

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestClientThatLeavesBeforeTheAnswer: the engine has accepted the client, and hears of its
// end. An operator has nothing to read.
func TestClientThatLeavesBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"closed": &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)},
		"reset":  &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.ECONNRESET)},
		"stuck":  &net.OpError{Op: "write", Err: os.ErrDeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			engine := newFakeEngine()
			server := newServer(t, websocket.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, engine)
			near, far := net.Pipe()
			defer func() { _ = far.Close() }()
			server.Handler(engine).ServeHTTP(leaving{httptest.NewRecorder(), failing{near, err}}, request("ws://server/"))
			engine.wantDisconnected(t, ports.Disconnection{Address: receive(t, engine.addresses)})
			if log.Len() > 0 {
				t.Errorf("the log is %q", log.String())
			}
		})
	}
}

func TestFailedUpgradeIsReportedAsDisconnect(t *testing.T) {
	engine := newFakeEngine()
	var log bytes.Buffer
	server := newServer(t, websocket.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, engine)
	w := httptest.NewRecorder() // cannot be hijacked
	server.Handler(engine).ServeHTTP(w, request("ws://server/"))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("got %d, want 500", w.Code)
	}
	engine.wantDisconnected(t, ports.Disconnection{Address: <-engine.addresses})
	if !strings.Contains(log.String(), "upgrade failed") {
		t.Errorf("the log is %q", log.String())
	}
}

func TestWhatComesWithTheHandshakeIsRead(t *testing.T) {
	engine := newFakeEngine()
	messages := make(chan string, 1)
	engine.receive = func(_ context.Context, message ports.Message) error {
		messages <- string(message.Data)
		return nil
	}
	f := onSockets(t, websocket.Config{}, engine)
	r := request(f.url)
	conn, err := net.Dial("tcp", r.URL.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var burst bytes.Buffer
	if err := r.Write(&burst); err != nil {
		t.Fatal(err)
	}
	if err := ws.WriteFrame(&burst, ws.MaskFrame(ws.NewTextFrame([]byte("early")))); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(burst.Bytes()); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v %v", response, err)
	}
	defer func() { _ = response.Body.Close() }()
	if got := receive(t, messages); got != "early" {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsPushedBeforeTheSocketIsOpenWaitsForIt(t *testing.T) {
	engine := newFakeEngine()
	f := onSockets(t, websocket.Config{}, engine)
	engine.connect = func(ctx context.Context, handshake ports.Handshake) (ports.Accepted, error) {
		if err := f.server.Push(ctx, handshake.Address, text("first")); err != nil {
			return ports.Accepted{}, err
		}
		return ports.Accepted{}, f.server.Close(ctx, handshake.Address, 4000, "then")
	}
	c := f.dial()
	c.wantText("first")
	c.wantClose(4000, "then")
}
