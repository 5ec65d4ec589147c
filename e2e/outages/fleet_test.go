//go:build e2e

package outages

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/redislocal"
)

// deadAfter is the default of redis.Config.DeadAfter: a gateway that is away for
// longer has its sockets closed.
const deadAfter = 6 * time.Second

// newBackend makes a backend with the default times.
func newBackend(t *testing.T, client goredis.UniversalClient) *redis.Backend {
	t.Helper()
	backend, err := redis.New(redis.Config{Client: client, Logger: logger(t), DeadAfter: deadAfter})
	if err != nil {
		t.Fatal(err)
	}
	return backend
}

func logger(t *testing.T) *slog.Logger {
	if testing.Verbose() {
		return slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	return slog.New(slog.DiscardHandler)
}

// startGateway starts a gateway of a fleet, and returns where sockets connect to. It
// ends with the test.
func startGateway(t *testing.T, name string, client goredis.UniversalClient) (url string) {
	t.Helper()
	schema, err := numbers()
	if err != nil {
		t.Fatal(err)
	}
	sockets, err := websocket.NewServer(websocket.Config{Endpoint: name, Logger: logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	backend := newBackend(t, client)
	router, err := backend.Router(name, sockets)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := core.New(core.Config{Schema: schema, Store: backend, Bus: backend, History: backend, Pusher: router, Logger: logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	leave := inBackground(t, func(ctx context.Context) error { return router.Run(ctx, engine.Disconnect) })
	handOver := inBackground(t, func(ctx context.Context) error { return backend.Consume(ctx, engine.Deliver) })
	front := httptest.NewServer(sockets.Handler(engine))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := sockets.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		front.Close()
		handOver()
		leave()
		_ = client.Close()
	})
	if err := router.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return strings.Replace(front.URL, "http", "ws", 1)
}

// inBackground runs something until the function that it returns is called.
func inBackground(t *testing.T, run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		if err := run(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("a part of a gateway ended: %v", err)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// fleet is two gateways and a publisher.
type fleet struct {
	urls      []string
	publisher *core.Publisher
	clients   []goredis.UniversalClient // of all of them
}

// startFleet starts one whose members each have a client of their own.
func startFleet(t *testing.T, client func() goredis.UniversalClient, publishers goredis.UniversalClient) *fleet {
	t.Helper()
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: newBackend(t, publishers)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = publishers.Close() })
	f := &fleet{publisher: publisher, clients: []goredis.UniversalClient{publishers}}
	for _, name := range []string{"a", "b"} {
		own := client()
		f.clients = append(f.clients, own)
		f.urls = append(f.urls, startGateway(t, name, own))
	}
	return f
}

// wired is a fleet on one Redis, whose members have a wire each.
type wired struct {
	*fleet
	gateway, publishers *wire // gateway is the wire of the first gateway
}

func startWired(t *testing.T) *wired {
	t.Helper()
	server, err := redislocal.Start(t.Context(), redislocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	w := &wired{gateway: newWire(t, server.Addr()), publishers: newWire(t, server.Addr())}
	addresses := []string{w.gateway.address, server.Addr()}
	w.fleet = startFleet(t, func() goredis.UniversalClient {
		address := addresses[0]
		addresses = addresses[1:]
		return connect(address)
	}, connect(w.publishers.address))
	return w
}

func connect(address string) goredis.UniversalClient {
	return goredis.NewClient(&goredis.Options{Addr: address, ContextTimeoutEnabled: true})
}

// onFleet runs one cell for each length of an outage.
func onFleet(t *testing.T, row string, begin func(w *wired) (end func())) {
	t.Helper()
	t.Parallel()
	for _, length := range lengths() {
		t.Run(length.String(), func(t *testing.T) {
			t.Parallel()
			w := startWired(t)
			mayEnd := ""
			if length > deadAfter {
				mayEnd = "a gateway that is away for longer than DeadAfter is dead for the others, and its sockets are closed"
			}
			cell{
				row: row, length: length, publisher: w.publisher, urls: w.urls, mayEnd: mayEnd,
				begin: func(*testing.T) func() { return begin(w) },
			}.run(t)
		})
	}
}

func TestGatewayWhosePacketsAreDropped(t *testing.T) {
	onFleet(t, "packets of a gateway to Redis are dropped", func(w *wired) func() {
		w.gateway.hold()
		return w.gateway.release
	})
}

func TestGatewayThatIsRefused(t *testing.T) {
	onFleet(t, "a gateway's connections to Redis are refused", func(w *wired) func() {
		w.gateway.refuse()
		return w.gateway.accept
	})
}

func TestPublisherWhosePacketsAreDropped(t *testing.T) {
	onFleet(t, "packets of the publisher to Redis are dropped", func(w *wired) func() {
		w.publishers.hold()
		return w.publishers.release
	})
}

func TestPublisherThatIsRefused(t *testing.T) {
	onFleet(t, "the publisher's connections to Redis are refused", func(w *wired) func() {
		w.publishers.refuse()
		return w.publishers.accept
	})
}
