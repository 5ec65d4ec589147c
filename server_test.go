package fanql_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/debug"
	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

func TestSocketsAndHTTPShareAPath(t *testing.T) {
	p := start(t, fanql.Config{})
	conn := p.subscribe(t)
	p.send(t, "hello")
	want(t, conn, "hello")
	_ = conn.Close()
	if err := p.stop(t); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// TestOtherPaths: GraphQL may be elsewhere, and pages are beside it.
func TestOtherPaths(t *testing.T) {
	handler := mustServer(t, fanql.Config{Path: "/api", Pages: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	})}).Handler()
	for path, status := range map[string]int{
		"/api?query={hello}": http.StatusOK, "/graphql?query={hello}": http.StatusTeapot, "/": http.StatusTeapot, "/livez": http.StatusOK,
	} {
		if got := statusOf(handler, path); got != status {
			t.Errorf("%s is answered with %d, want %d", path, got, status)
		}
	}
	if got := statusOf(mustServer(t, fanql.Config{}).Handler(), "/"); got != http.StatusNotFound {
		t.Errorf("without pages / is answered with %d", got)
	}
}

func statusOf(handler http.Handler, path string) int {
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer.Code
}

// TestMiddleware: it sees what is asked for at every path, sockets included, but the
// probes, which nobody signs in for.
func TestMiddleware(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	p := start(t, fanql.Config{Middleware: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			seen[r.Method+" "+r.URL.Path+" "+r.Header.Get("Upgrade")]++
			mu.Unlock()
			next.ServeHTTP(w, r)
		})
	}})
	conn := p.subscribe(t)
	p.send(t, "hello")
	want(t, conn, "hello")
	_ = conn.Close()
	for _, path := range []string{"/page", "/livez", "/readyz"} {
		p.request(t, http.MethodGet, path, "")
	}
	if err := p.stop(t); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	for _, request := range []string{"GET /graphql websocket", "POST /graphql ", "GET /page "} {
		if seen[request] != 1 {
			t.Errorf("%q was seen %d times, want once", request, seen[request])
		}
	}
	if len(seen) != 3 {
		t.Errorf("the middleware saw %v", seen)
	}
}

func TestReadiness(t *testing.T) {
	check := make(chan error, 1)
	p := start(t, fanql.Config{Checks: []websocket.Check{func(context.Context) error { return <-check }}})
	for _, test := range []struct {
		check  error
		status int
	}{{nil, http.StatusOK}, {errors.New("broken"), http.StatusServiceUnavailable}} {
		check <- test.check
		if status, _ := p.request(t, http.MethodGet, "/readyz", ""); status != test.status {
			t.Errorf("with %v the status is %d, want %d", test.check, status, test.status)
		}
	}
}

// unreachable is a store that does not answer.
type unreachable struct{ ports.Store }

func (unreachable) GetConnection(context.Context, ports.ConnectionID) (ports.Connection, error) {
	return ports.Connection{}, errors.New("unreachable")
}

func TestAServerIsNotReadyWithoutItsStore(t *testing.T) {
	p := start(t, fanql.Config{Core: func(c *core.Config) { c.Store = unreachable{c.Store} }})
	if status, _ := p.request(t, http.MethodGet, "/readyz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("the status is %d", status)
	}
}

// TestSocketsNeedARunningServer: one that nobody runs delivers nothing.
func TestSocketsNeedARunningServer(t *testing.T) {
	server := mustServer(t, fanql.Config{})
	front := httptest.NewServer(server.Handler())
	defer front.Close()
	if got := statusOf(server.Handler(), "/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("/readyz is answered with %d", got)
	}
	_, _, _, err := ws.Dialer{Protocols: []string{"graphql-transport-ws"}}.Dial(t.Context(), "ws"+strings.TrimPrefix(front.URL, "http")+"/graphql")
	if status, ok := errors.AsType[ws.StatusError](err); !ok || int(status) != http.StatusServiceUnavailable {
		t.Errorf("got %v, want the status 503", err)
	}
}

// TestMaxMessageBytes: one setting is enough for sockets and HTTP.
func TestMaxMessageBytes(t *testing.T) {
	p := start(t, fanql.Config{Core: func(c *core.Config) { c.MaxMessageBytes, c.MaxDocumentBytes = 1<<20, 1<<20 }})
	padding := strings.Repeat(" ", 300<<10)
	if status, answer := p.request(t, http.MethodPost, "/graphql", `{"query": "{ hello `+padding+`}"}`); status != http.StatusOK {
		t.Errorf("over HTTP: %d, %s", status, answer)
	}
	conn := p.subscribe(t)
	write(t, conn, `{"type":"subscribe","id":"2","payload":{"query":"{ hello `+padding+`}"}}`)
	if got := read(t, conn); got != `{"id":"2","type":"next","payload":{"data":{"hello":"world"}}}` {
		t.Errorf("over the socket: %s", got)
	}
}

// TestSettingsOfTheParts: every part is configured with what the server says of it.
func TestSettingsOfTheParts(t *testing.T) {
	backend, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	called := 0
	mustServer(t, fanql.Config{
		Backend: backend, Process: "here",
		Core: func(c *core.Config) {
			called++
			if c.Store != ports.Store(backend) || c.Bus != ports.EventBus(backend) || c.Schema == nil || c.Logger == nil {
				t.Errorf("core.Config is %+v", c)
			}
		},
		WebSocket: func(c *websocket.Config) {
			called++
			if c.Endpoint != "here" || c.Logger == nil {
				t.Errorf("websocket.Config is %+v", c)
			}
		},
		HTTP: func(c *graphqlhttp.Config) {
			called++
			if c.Logger == nil {
				t.Errorf("graphqlhttp.Config is %+v", c)
			}
		},
	})
	if called != 3 {
		t.Errorf("%d of 3 parts were asked about", called)
	}
}

// undelivered is a backend whose events nothing delivers.
type undelivered struct{ ports.Backend }

func TestConfigurationsThatAreRefused(t *testing.T) {
	backend, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		config fanql.Config
		want   string
	}{
		"no schema":                    {fanql.Config{}, "fanql.Config.Schema is required"},
		"a schema that failed":         {fanql.Config{Schema: (*graphqlgo.Schema)(nil)}, "fanql.Config.Schema is required"},
		"a backend that failed":        {fanql.Config{Schema: mustSchema(t), Backend: (*memory.Backend)(nil)}, "fanql.Config.Backend is a nil pointer"},
		"a path of a probe":            {fanql.Config{Schema: mustSchema(t), Path: "/livez"}, "fanql.Config.Path must not be /livez or /readyz"},
		"a negative time":              {fanql.Config{Schema: mustSchema(t), ShutdownTimeout: -1}, "fanql.Config.ShutdownTimeout must not be negative"},
		"a path that is none":          {fanql.Config{Schema: mustSchema(t), Path: "graphql"}, "fanql.Config.Path must begin with a slash"},
		"events that nothing delivers": {fanql.Config{Schema: mustSchema(t), Backend: undelivered{backend}}, "fanql.Config.Backend must be a ports.EventSource"},
		"a path with a query":          {fanql.Config{Schema: mustSchema(t), Path: "/graphql?v=1"}, `fanql.Config.Path is "/graphql?v=1", and has to be a path alone, without ? and #`},
		"a path with a fragment":       {fanql.Config{Schema: mustSchema(t), Path: "/graphql#top"}, `fanql.Config.Path is "/graphql#top", and has to be a path alone, without ? and #`},
		"a check that is none": {
			fanql.Config{Schema: mustSchema(t), Checks: []websocket.Check{func(context.Context) error { return nil }, nil}}, "fanql.Config.Checks[1] is nil, and has to be a function",
		},
		"pages that failed": {
			fanql.Config{Schema: mustSchema(t), Pages: (*http.ServeMux)(nil)}, "fanql.Config.Pages is a nil pointer: leave it out, or set one that was made",
		},
		"middleware that makes nothing": {
			fanql.Config{Schema: mustSchema(t), Middleware: func(http.Handler) http.Handler { return nil }}, "fanql.Config.Middleware has returned nil",
		},
		"a history that failed": {
			fanql.Config{Schema: mustSchema(t), Core: func(c *core.Config) { c.History = (*memory.History)(nil) }},
			"core.Config.History is a nil pointer: leave it out, or set one that was made",
		},
		"an observer that failed": {
			fanql.Config{Schema: mustSchema(t), Debug: true, Core: func(c *core.Config) { c.Observer = (*debug.Observer)(nil) }},
			"core.Config.Observer is a nil pointer: leave it out, or set one that was made",
		},
		"a setting of the engine": {
			fanql.Config{Schema: mustSchema(t), Core: func(c *core.Config) { c.MaxDepth = -1 }}, "core.Config.MaxDepth must not be negative",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if server, err := fanql.NewServer(test.config); !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), test.want) || server != nil {
				t.Errorf("got %v, %v, want an error with %q", server, err, test.want)
			}
		})
	}
}
