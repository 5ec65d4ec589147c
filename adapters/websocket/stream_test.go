package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

// lines is a format that a person can read.
type lines struct{}

func (lines) Begin() []byte                            { return []byte("begin\n") }
func (lines) Next(response []byte) ports.Frame         { return line("next ", response) }
func (lines) Errors(errors []byte) ports.Frame         { return line("errors ", errors) }
func (lines) Refused(_ int, reason string) ports.Frame { return line("refused ", []byte(reason)) }
func (lines) KeepAlive() ports.Frame                   { return line("alive", nil) }
func (lines) End() ports.Frame                         { return line("end", nil) }

func line(head string, payload []byte) ports.Frame {
	return ports.Frame{Head: []byte(head), Payload: payload, Tail: []byte("\n")}
}

// result is a message of the engine in its three parts.
func result(payload string) ports.Frame {
	return ports.Frame{Head: []byte(`{"id":"1","type":"next","payload":`), Payload: []byte(payload), Tail: []byte("}")}
}

// streamEngine acknowledges connection_init, and notes what it receives.
func streamEngine(server *websocket.Server) *fakeEngine {
	engine := newFakeEngine()
	engine.receive = func(ctx context.Context, message ports.Message) error {
		if strings.Contains(string(message.Data), "connection_init") {
			return server.Push(ctx, message.Address, text(`{"type":"connection_ack"}`))
		}
		return server.Push(ctx, message.Address, result(string(message.Data)))
	}
	return engine
}

const subscribed = "begin\n" + `next {"id":"1","type":"subscribe","payload":{"query":"q"}}` + "\n"

// holder answers every request with a stream.
func holder(streams *websocket.Streams) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Middleware", "here")
		_, _ = io.Copy(io.Discard, r.Body)
		err := streams.Hold(w, r, ports.Stream{
			Header: http.Header{"Content-Type": {"text/lines"}}, Payload: []byte(`{"query":"q"}`), Format: lines{}, ReadOnly: true,
		})
		if refusal, ok := errors.AsType[*ports.Refusal](err); ok {
			http.Error(w, refusal.Reason, refusal.Status)
		}
	})
}

// hiding is a middleware that keeps the connection to itself.
type hiding struct{ http.ResponseWriter }

func (h hiding) Flush() { h.ResponseWriter.(http.Flusher).Flush() }

func (h hiding) SetWriteDeadline(at time.Time) error {
	return http.NewResponseController(h.ResponseWriter).SetWriteDeadline(at)
}

// doors are the ways by which a stream is reached.
func doors() map[string]func(t testing.TB, handler http.Handler) (*http.Client, string) {
	serve := func(t testing.TB, handler http.Handler, start func(*httptest.Server)) (*http.Client, string) {
		front := httptest.NewUnstartedServer(handler)
		front.Config.ErrorLog = nil
		start(front)
		t.Cleanup(front.Close)
		return front.Client(), front.URL
	}
	return map[string]func(t testing.TB, handler http.Handler) (*http.Client, string){
		"HTTP/1.1": func(t testing.TB, handler http.Handler) (*http.Client, string) {
			return serve(t, handler, (*httptest.Server).Start)
		},
		"TLS": func(t testing.TB, handler http.Handler) (*http.Client, string) {
			return serve(t, handler, (*httptest.Server).StartTLS)
		},
		"HTTP/2": func(t testing.TB, handler http.Handler) (*http.Client, string) {
			return serve(t, handler, func(front *httptest.Server) {
				front.EnableHTTP2 = true
				front.StartTLS()
			})
		},
		"a middleware that hides the connection": func(t testing.TB, handler http.Handler) (*http.Client, string) {
			return serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(hiding{w}, r) }),
				(*httptest.Server).Start)
		},
		"HTTP/1.0": func(t testing.TB, handler http.Handler) (*http.Client, string) {
			client, url := serve(t, handler, (*httptest.Server).Start)
			return &http.Client{Transport: oldTransport{client.Transport}}, url
		},
	}
}

// oldTransport speaks HTTP/1.0.
type oldTransport struct{ http.RoundTripper }

func (oldTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	conn, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", r.URL.Host)
	if err == nil {
		_, err = io.WriteString(conn, "GET / HTTP/1.0\r\nHost: "+r.URL.Host+"\r\n\r\n")
	}
	if err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{response.Body, conn}
	return response, nil
}

// held is a stream as its client sees it.
type held struct {
	t        testing.TB
	response *http.Response
	address  ports.Address
}

func open(t testing.TB, client *http.Client, url string, engine *fakeEngine) *held {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the status is %d", response.StatusCode)
	}
	return &held{t, response, receive(t, engine.addresses)}
}

func (h *held) want(text string) {
	h.t.Helper()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(h.response.Body, got); err != nil || string(got) != text {
		h.t.Fatalf("got %q (%v), want %q", got[:n], err, text)
	}
}

// wantEnd reads to the end, which is one that the client can tell from a cut.
func (h *held) wantEnd(rest string) {
	h.t.Helper()
	if got, err := io.ReadAll(h.response.Body); string(got) != rest || err != nil {
		h.t.Fatalf("got %q and %v, want %q and the end", got, err, rest)
	}
	_ = h.response.Body.Close() // as clients do
}

func (h *held) wantCut() {
	h.t.Helper()
	if got, err := io.ReadAll(h.response.Body); len(got) > 0 || err == nil {
		h.t.Fatalf("got %q and %v, want an error", got, err)
	}
}

// everywhere runs a test by each door.
func everywhere(t *testing.T, config websocket.Config, test func(t *testing.T, server *websocket.Server, engine *fakeEngine, dial func() *held)) {
	for name, door := range doors() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, config, nil)
			engine := streamEngine(server)
			client, url := door(t, holder(server.Streams(engine)))
			test(t, server, engine, func() *held { return open(t, client, url, engine) })
		})
	}
}

func TestAStreamCarriesOneOperation(t *testing.T) {
	t.Parallel()
	everywhere(t, websocket.Config{}, func(t *testing.T, server *websocket.Server, engine *fakeEngine, dial func() *held) {
		stream := dial()
		if header := stream.response.Header; header.Get("Content-Type") != "text/lines" || header.Get("X-Middleware") != "here" || header.Get("Date") == "" {
			t.Errorf("the header is %v", header)
		}
		stream.want(subscribed)
		if got := slices.Collect(server.Connections()); len(got) != 1 || got[0] != stream.address.ID {
			t.Errorf("the connections are %v", got)
		}
		for _, frame := range []ports.Frame{
			result(`{"data":1}`),
			text(`{"type":"pong"}`),
			text(`{"id":"1","type":"next","payload":{"data":2}}`), // as another process may pass it on
			text(`{"id":"1","type":"complete"}`),
		} {
			if err := server.Push(t.Context(), stream.address, frame); err != nil {
				t.Fatal(err)
			}
		}
		stream.wantEnd("next {\"data\":1}\nnext {\"data\":2}\nend\n")
		engine.wantDisconnected(t, ports.Disconnection{Address: stream.address, Code: ports.CloseNormal})
		wantKind(t, server.Push(t.Context(), stream.address, result("3")), ports.ErrGone)
	})
}

func TestErrorsEndAStream(t *testing.T) {
	t.Parallel()
	everywhere(t, websocket.Config{}, func(t *testing.T, server *websocket.Server, _ *fakeEngine, dial func() *held) {
		stream := dial()
		stream.want(subscribed)
		if err := server.Push(t.Context(), stream.address, text(`{"id":"1","type":"error","payload":[{"message":"no"}]}`)); err != nil {
			t.Fatal(err)
		}
		stream.wantEnd("errors [{\"message\":\"no\"}]\nend\n")
	})
}

func TestAStreamThatIsToComeBackIsCut(t *testing.T) {
	t.Parallel()
	everywhere(t, websocket.Config{}, func(t *testing.T, server *websocket.Server, engine *fakeEngine, dial func() *held) {
		for _, code := range []int{ports.CloseGoingAway, ports.CloseTryAgainLater} {
			stream := dial()
			stream.want(subscribed)
			if err := server.Push(t.Context(), stream.address, result("last")); err != nil {
				t.Fatal(err)
			}
			stream.want("next last\n")
			if err := server.Close(t.Context(), stream.address, code, "why"); err != nil {
				t.Fatal(err)
			}
			stream.wantCut()
			engine.wantDisconnected(t, ports.Disconnection{Address: stream.address, Code: code, Reason: "why"})
		}
	})
}

func TestAStreamThatIsRefusedEndsWithTheReason(t *testing.T) {
	t.Parallel()
	everywhere(t, websocket.Config{}, func(t *testing.T, server *websocket.Server, _ *fakeEngine, dial func() *held) {
		stream := dial()
		stream.want(subscribed)
		if err := server.Close(t.Context(), stream.address, ports.CloseForbidden, "The identity has ended"); err != nil {
			t.Fatal(err)
		}
		stream.wantEnd("refused The identity has ended\nend\n")
	})
}

func TestAClientThatLeavesEndsItsStream(t *testing.T) {
	t.Parallel()
	everywhere(t, websocket.Config{}, func(t *testing.T, server *websocket.Server, engine *fakeEngine, dial func() *held) {
		stream := dial()
		stream.want(subscribed)
		_ = stream.response.Body.Close()
		engine.wantDisconnected(t, ports.Disconnection{Address: stream.address})
		wantKind(t, server.Push(t.Context(), stream.address, result("1")), ports.ErrGone)
	})
}

func TestShutdownCutsStreams(t *testing.T) {
	t.Parallel()
	everywhere(t, websocket.Config{}, func(t *testing.T, server *websocket.Server, engine *fakeEngine, dial func() *held) {
		streams := []*held{dial(), dial()}
		for _, stream := range streams {
			stream.want(subscribed)
		}
		if err := server.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, stream := range streams {
			stream.wantCut()
		}
		if got := len(engine.disconnected); got != len(streams) {
			t.Errorf("%d of %d reported when Shutdown returned", got, len(streams))
		}
	})
}

func TestAStreamWhoseClientDoesNotReadIsCut(t *testing.T) {
	t.Parallel()
	config := websocket.Config{MaxQueuedFrames: 4, WriteTimeout: time.Minute, CloseTimeout: 50 * time.Millisecond}
	everywhere(t, config, func(t *testing.T, server *websocket.Server, engine *fakeEngine, dial func() *held) {
		stream := dial()
		stream.want(subscribed)
		large := result(strings.Repeat("x", 1<<20))
		var err error
		for range 1000 { // more than the buffers of any connection
			if err = server.Push(t.Context(), stream.address, large); err != nil {
				break
			}
		}
		wantKind(t, err, ports.ErrGone)
		if got := receive(t, engine.disconnected); got.Code != ports.CloseTryAgainLater || got.Reason != "slow consumer" {
			t.Errorf("disconnected with %+v", got)
		}
		if _, err := io.Copy(io.Discard, stream.response.Body); err == nil {
			t.Error("the client takes the end for a good one")
		}
	})
}

func TestStreamsAreRefusedWithAStatus(t *testing.T) {
	t.Parallel()
	refused := func(status, code int) func(context.Context, ports.Handshake) (ports.Accepted, error) {
		return func(context.Context, ports.Handshake) (ports.Accepted, error) {
			return ports.Accepted{}, &ports.Refusal{Status: status, Code: code, Reason: "no"}
		}
	}
	closed := func(server *websocket.Server, code int) func(context.Context, ports.Message) error {
		return func(ctx context.Context, message ports.Message) error {
			return server.Close(ctx, message.Address, code, "no")
		}
	}
	for name, test := range map[string]struct {
		config websocket.Config
		engine func(*fakeEngine, *websocket.Server)
		origin string
		status int
		text   string
	}{
		"another origin":           {origin: "https://elsewhere.example", status: 403, text: "pages of this origin may not connect"},
		"an origin that is listed": {origin: "https://elsewhere.example", config: websocket.Config{Origins: []string{"elsewhere.example"}}, status: 200},
		"OnConnect":                {engine: func(e *fakeEngine, _ *websocket.Server) { e.connect = refused(401, 0) }, status: 401, text: "no"},
		"OnConnect that fails": {engine: func(e *fakeEngine, _ *websocket.Server) {
			e.connect = func(context.Context, ports.Handshake) (ports.Accepted, error) {
				return ports.Accepted{}, errors.New("secret")
			}
		}, status: 500, text: "internal error"},
		"a store that is full": {engine: func(e *fakeEngine, _ *websocket.Server) {
			e.connect = func(context.Context, ports.Handshake) (ports.Accepted, error) { return ports.Accepted{}, errFullStore }
		}, status: 503, text: "Try again later"},
		"OnInit":            {engine: func(e *fakeEngine, s *websocket.Server) { e.receive = closed(s, 4403) }, status: 403, text: "no"},
		"OnInit, 4401":      {engine: func(e *fakeEngine, s *websocket.Server) { e.receive = closed(s, 4401) }, status: 401, text: "no"},
		"OnInit that fails": {engine: func(e *fakeEngine, s *websocket.Server) { e.receive = closed(s, 1013) }, status: 503, text: "no"},
		"too much":          {engine: func(e *fakeEngine, s *websocket.Server) { e.receive = closed(s, 1009) }, status: 413, text: "no"},
		"too often":         {engine: func(e *fakeEngine, s *websocket.Server) { e.receive = closed(s, 1008) }, status: 429, text: "no"},
		"OnInit that panics": {engine: func(e *fakeEngine, _ *websocket.Server) {
			e.receive = func(context.Context, ports.Message) error { panic("secret") }
		}, status: 500, text: "internal error"},
		"a code of the program's own": {engine: func(e *fakeEngine, s *websocket.Server) { e.receive = closed(s, 4000) }, status: 500, text: "no"},
		"no answer in time": {config: websocket.Config{HandshakeTimeout: time.Millisecond}, engine: func(e *fakeEngine, _ *websocket.Server) {
			e.receive = func(ctx context.Context, _ ports.Message) error { <-ctx.Done(); return ctx.Err() }
		}, status: 503, text: "not decided in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, test.config, nil)
			engine := streamEngine(server)
			if test.engine != nil {
				test.engine(engine, server)
			}
			front := httptest.NewServer(holder(server.Streams(engine)))
			defer front.Close()
			status, header, body := ask(t, front, test.origin)
			if status != test.status || test.status != 200 && strings.TrimSpace(body) != test.text {
				t.Errorf("got %d %q, want %d %q", status, body, test.status, test.text)
			}
			if got := header.Get("Retry-After"); (got != "") != (test.status == 503) {
				t.Errorf("Retry-After is %q", got)
			}
		})
	}
}

// TestStreamsBehindMiddlewareThatHidesTooMuch: without write deadlines a client that does
// not read would keep its goroutine for ever, and without flushes nothing would reach it.
func TestStreamsBehindMiddlewareThatHidesTooMuch(t *testing.T) {
	t.Parallel()
	hide := func(wrap func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(wrap(w), r) })
		}
	}
	for name, middleware := range map[string]func(http.Handler) http.Handler{
		"http.TimeoutHandler": func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Minute, "") },
		"flushes":             hide(func(w http.ResponseWriter) http.ResponseWriter { return struct{ http.ResponseWriter }{w} }),
		"deadlines": hide(func(w http.ResponseWriter) http.ResponseWriter {
			return struct {
				http.ResponseWriter
				http.Flusher
			}{w, w.(http.Flusher)}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			server := newServer(t, websocket.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, nil)
			engine := streamEngine(server)
			front := httptest.NewServer(middleware(holder(server.Streams(engine))))
			defer front.Close()
			if status, _, body := ask(t, front, ""); status != http.StatusInternalServerError || strings.TrimSpace(body) != "internal error" {
				t.Errorf("got %d %q", status, body)
			}
			engine.wantDisconnected(t, ports.Disconnection{Address: receive(t, engine.addresses)})
			if err := server.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if !strings.Contains(log.String(), "a middleware keeps back") {
				t.Errorf("the log is %q", log.String())
			}
		})
	}
}

// ask leaves a stream as soon as it has begun.
func ask(t *testing.T, front *httptest.Server, origin string) (status int, header http.Header, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, front.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if origin != "" {
		request.Header.Set("Origin", origin)
	}
	response, err := front.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		body = string(text)
	}
	return response.StatusCode, response.Header, body
}

func TestStreamsAndSocketsAreCountedTogether(t *testing.T) {
	server := newServer(t, websocket.Config{MaxConnections: 2}, nil)
	engine := streamEngine(server)
	sockets := serving(t, server, engine, server.Handler(engine))
	front := httptest.NewServer(holder(server.Streams(engine)))
	defer front.Close()
	sockets.dial()
	stream := open(t, front.Client(), front.URL, engine)
	if status, header, _ := ask(t, front, ""); status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("a third connection is answered with %d, %v", status, header)
	}
	_ = stream.response.Body.Close()
	receive(t, engine.disconnected)
	open(t, front.Client(), front.URL, engine)
}

// TestWhatTheEngineReceivesOfAStream: as of a socket of the modern subprotocol.
func TestWhatTheEngineReceivesOfAStream(t *testing.T) {
	server := newServer(t, websocket.Config{Endpoint: "here"}, nil)
	engine := streamEngine(server)
	handshakes := make(chan ports.Handshake, 1)
	engine.connect = func(_ context.Context, handshake ports.Handshake) (ports.Accepted, error) {
		handshakes <- handshake
		return ports.Accepted{}, nil
	}
	var mu sync.Mutex
	var messages []ports.Message
	answer := engine.receive
	engine.receive = func(ctx context.Context, message ports.Message) error {
		mu.Lock()
		messages = append(messages, message)
		mu.Unlock()
		return answer(ctx, message)
	}
	front := httptest.NewServer(holder(server.Streams(engine)))
	defer front.Close()
	stream := open(t, front.Client(), front.URL+"?a=b", engine)
	stream.want(subscribed)
	handshake := receive(t, handshakes)
	if !slices.Equal(handshake.Protocols, []string{"graphql-transport-ws"}) || handshake.Address.Endpoint != "here" ||
		handshake.Query.Get("a") != "b" || handshake.Header.Get("User-Agent") == "" || handshake.RemoteAddr == "" {
		t.Errorf("the handshake is %+v", handshake)
	}
	mu.Lock()
	defer mu.Unlock()
	for i, want := range []string{`{"type":"connection_init"}`, `{"id":"1","type":"subscribe","payload":{"query":"q"}}`} {
		if m := messages[i]; string(m.Data) != want || !m.ReadOnly || !m.KeptAlive || m.Address != stream.address {
			t.Errorf("message %d is %+v %s, want %s", i, m, m.Data, want)
		}
	}
	if !messages[1].ReceivedAt.After(messages[0].ReceivedAt) || messages[0].RequestID == messages[1].RequestID {
		t.Errorf("the messages have a time or a request ID in common: %+v", messages)
	}
}

// TestAStreamIsKeptAlive: its client is silent, and not taken for dead, nor do the
// limits of http.Server end it.
func TestAStreamIsKeptAlive(t *testing.T) {
	for name, wrap := range map[string]func(http.ResponseWriter) http.ResponseWriter{
		"taken over": func(w http.ResponseWriter) http.ResponseWriter { return w },
		"hidden":     func(w http.ResponseWriter) http.ResponseWriter { return hiding{w} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testKeepAlive(t, wrap) })
		})
	}
}

func testKeepAlive(t *testing.T, wrap func(http.ResponseWriter) http.ResponseWriter) {
	server := newServer(t, websocket.Config{KeepAlive: 10 * time.Second, InitTimeout: time.Second}, nil)
	engine := streamEngine(server)
	notes := &diary{began: time.Now()}
	engine.keepAlive, engine.expireInit = notes.note("keepalive"), notes.note("expire")
	listener := &pipeListener{accept: make(chan net.Conn), closed: make(chan struct{})}
	handler := holder(server.Streams(engine))
	front := &http.Server{
		Handler:     http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(wrap(w), r) }),
		ReadTimeout: time.Second, WriteTimeout: time.Second,
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = front.Serve(listener) // ends with Close
	}()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return listener.dial(ctx, "", "") }}
	stream := open(t, &http.Client{Transport: transport}, "http://server/", engine)
	stream.want(subscribed)
	for range 3 {
		stream.want("alive\n")
	}
	synctest.Wait()
	notes.want(t, "keepalive 10s", "keepalive 20s", "keepalive 30s")
	_ = stream.response.Body.Close()
	receive(t, engine.disconnected)
	_ = front.Close()
	<-served
}

// TestAClientThatGoesOnSending: what comes after the request is not read for ever.
func TestAClientThatGoesOnSending(t *testing.T) {
	server := newServer(t, websocket.Config{}, nil)
	engine := streamEngine(server)
	front := httptest.NewServer(holder(server.Streams(engine)))
	defer front.Close()
	conn, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: server\r\n\r\n")
	for more := strings.Repeat("x", 4096); err == nil; _, err = io.WriteString(conn, more) {
	}
	receive(t, engine.disconnected)
}
