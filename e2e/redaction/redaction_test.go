//go:build e2e

package redaction

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/otel"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// telling collects what a program tells its operators. It may be written to
// concurrently.
type telling struct {
	mu     sync.Mutex
	text   bytes.Buffer
	errors int
}

func (c *telling) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(p)
}

// failed notes an error as an operator may print it.
func (c *telling) failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errors++
	fmt.Fprintf(&c.text, "failed: %v %+v\n", err, err)
}

// parts are the adapters of one run.
type parts struct {
	store interface {
		ports.ConnectionStore
		ports.SubscriptionStore
	}
	bus interface {
		ports.EventBus
		ports.EventSource
	}
	// pusher is nil where sockets are pushed to directly.
	pusher ports.Pusher
	run    func(context.Context, *core.Engine) error
	// cut takes the backend away.
	cut func()
}

func onMemory(_ *testing.T, c *telling, _ *websocket.Server) parts {
	backend := must.Make(memory.New(memory.Config{MaxAttempts: 1, OnDropped: func(_ ports.Event, err error) { c.failed(err) }}))
	return parts{
		store: backend, bus: backend,
		run: func(ctx context.Context, _ *core.Engine) error { <-ctx.Done(); return nil },
		cut: func() {},
	}
}

func onRedis(t *testing.T, c *telling, sockets *websocket.Server) parts {
	server := miniredis.RunT(t)
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true, MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })
	logger := slog.New(slog.NewTextHandler(c, nil))
	backend := must.Make(redis.New(redis.Config{Client: client, Logger: logger}))
	router := must.Make(backend.Router("gateway", sockets))
	return parts{
		store: backend, bus: backend, pusher: router,
		run: func(ctx context.Context, engine *core.Engine) error { return router.Run(ctx, engine.Disconnect) },
		cut: server.Close,
	}
}

// program runs the engine behind a WebSocket server and GraphQL over HTTP with
// one place that fails, and returns all that it tells its operators.
func program(t *testing.T, adapters func(*testing.T, *telling, *websocket.Server) parts, place, mode string) *telling {
	t.Helper()
	c := &telling{}
	logger := slog.New(slog.NewTextHandler(c, &slog.HandlerOptions{Level: slog.LevelDebug}))
	spans, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	observer, err := otel.New(otel.Config{
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)),
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
	})
	if err != nil {
		t.Fatal(err)
	}
	sockets := must.Make(websocket.NewServer(websocket.Config{Logger: logger, Endpoint: "gateway"}))
	p := adapters(t, c, sockets)
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: p.bus, Observer: observer})
	if err != nil {
		t.Fatal(err)
	}
	if p.pusher == nil {
		p.pusher = sockets
	}
	engine, err := core.New(core.Config{
		Schema: newSchema(t, publisher, place, mode), Store: p.store, Bus: p.bus, Pusher: p.pusher,
		Hooks: hooks(place, mode, c.failed), Observer: observer, Logger: logger,
		NewContext: func(ctx context.Context) context.Context {
			if place == "NewContext" {
				_ = fail(mode)
			}
			return ctx
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.serve(t, engine, sockets, p, logger, place == "backend")
	for _, span := range spans.Ended() {
		fmt.Fprintf(c, "span: %+v\n", tracetest.SpanStubFromReadOnlySpan(span))
	}
	var metrics metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &metrics); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "metrics: %+v\n", metrics)
	return c
}

// serve runs a session, and where the backend is cut another one without it.
func (c *telling) serve(t *testing.T, engine *core.Engine, sockets *websocket.Server, p parts, logger *slog.Logger, cut bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	deliver := func(ctx context.Context, events []ports.Event) []error {
		verdicts := engine.Deliver(ctx, events)
		if err := errors.Join(verdicts...); err != nil {
			c.failed(err)
		}
		return verdicts
	}
	running.Go(func() { _ = p.bus.Consume(ctx, deliver) })
	running.Go(func() { _ = p.run(ctx, engine) })
	handler, requests := sockets.Handler(engine), must.Make(graphqlhttp.NewHandler(engine, graphqlhttp.Config{Logger: logger}))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			handler.ServeHTTP(w, r)
			return
		}
		requests.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(logger.Handler(), slog.LevelWarn)
	server.Start()
	address := strings.TrimPrefix(server.URL, "http://")
	session(t, address)
	if cut {
		p.cut()
		session(t, address)
		if err := engine.Publish(t.Context(), core.NewTopic[any]("feed").Event(secret+"payload")); err != nil {
			c.failed(err)
		}
	}
	leaving, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	_ = sockets.Shutdown(leaving)
	server.Close()
	cancel()
	running.Wait()
}

func TestOperatorsAreToldNoSecrets(t *testing.T) {
	t.Parallel()
	backends := map[string]func(*testing.T, *telling, *websocket.Server) parts{"memory": onMemory, "redis": onRedis}
	for _, test := range []struct {
		place string
		modes []string
	}{
		{"nowhere", []string{""}},
		{"OnConnect", []string{"error", "panic", "refusal"}},
		{"OnInit", []string{"error", "panic", "refusal"}},
		{"OnSubscribe", []string{"error", "panic", "refusal"}},
		{"OnComplete", []string{"panic"}},
		{"OnDisconnect", []string{"panic"}},
		{"FormatError", []string{"panic"}},
		{"NewContext", []string{"panic"}},
		{"Subscribe", []string{"error", "panic", "refusal"}},
		{"Initial", []string{"error", "panic"}},
		{"query", []string{"error", "panic"}},
		{"mutation", []string{"error", "panic"}},
		{"delivery", []string{"error", "panic"}},
		{"backend", []string{"error"}},
	} {
		for _, mode := range test.modes {
			for backend, adapters := range backends {
				t.Run(strings.Join([]string{test.place, mode, backend}, " "), func(t *testing.T) {
					t.Parallel()
					c := program(t, adapters, test.place, mode)
					text := c.text.String()
					for line := range strings.Lines(text) {
						if strings.Contains(line, secret) {
							t.Errorf("a secret in: %.1000s", line)
						}
					}
					for _, expected := range []string{"span:", "metrics:"} {
						if !strings.Contains(text, expected) {
							t.Errorf("nothing has %q", expected)
						}
					}
					if mode == "error" && backend == "redis" && c.errors == 0 {
						t.Errorf("no failure was reported:\n%s", text)
					}
				})
			}
		}
	}
}
