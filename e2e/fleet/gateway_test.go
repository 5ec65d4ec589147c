//go:build e2e

package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/graphql-go/graphql"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
)

// event is what is published; those of a topic are numbered from 1.
type event struct {
	N int `json:"n"`
	// At is when it was published, in nanoseconds since 1970.
	At string `json:"at"`
}

// times are those of a gateway that tests shorten.
type times struct{ Heartbeat, DeadAfter, LeaseTTL, DrainTimeout time.Duration }

// configuration is what a gateway starts with.
type configuration struct {
	Name, Redis string
	Times       times
}

// serveGateway is a gateway process: WebSocket server, engine, worker and router.
// It prints its address when it serves, and ends in order on SIGTERM or when its
// input ends, as it does with the process that started it.
func serveGateway(text string) error {
	var c configuration
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	schema, err := eventSchema()
	if err != nil {
		return err
	}
	asked, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	client := goredis.NewClient(&goredis.Options{Addr: c.Redis, ContextTimeoutEnabled: true})
	sockets := must.Make(websocket.NewServer(websocket.Config{Endpoint: c.Name, Logger: logger}))
	backend, err := redis.New(redis.Config{
		Client: client, Logger: logger,
		Heartbeat: c.Times.Heartbeat, DeadAfter: c.Times.DeadAfter, LeaseTTL: c.Times.LeaseTTL, DrainTimeout: c.Times.DrainTimeout,
	})
	if err != nil {
		return err
	}
	router, err := backend.Router(c.Name, sockets)
	if err != nil {
		return err
	}
	engine, err := core.New(core.Config{
		Schema: schema, Store: backend, Bus: backend, Pusher: router, Logger: logger,
	})
	if err != nil {
		return err
	}
	failed := make(chan error, 3)
	leave := inBackground(failed, func(ctx context.Context) error { return router.Run(ctx, engine.Disconnect) })
	handOver := inBackground(failed, func(ctx context.Context) error { return backend.Consume(ctx, engine.Deliver) })
	if err := router.Ready(asked); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/graphql", sockets.Handler(engine))
	mux.HandleFunc("/cpu", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, cpuSeconds()) })
	front := &http.Server{Handler: mux}
	go func() { failed <- front.Serve(listener) }()
	fmt.Println(listener.Addr())
	select {
	case err := <-failed:
		return fmt.Errorf("a part has ended: %w", err)
	case <-asked.Done():
	}
	err = errors.Join(sockets.Shutdown(context.Background()), front.Close())
	handOver() // while the router is there for what is being delivered
	leave()
	return errors.Join(err, client.Close())
}

// inBackground runs something until the function that it returns is called.
func inBackground(failed chan<- error, run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { failed <- run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// cpuSeconds is what this process has used, user and system.
func cpuSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

// eventSchema has the events of a topic, after a number 0 that tells that the
// subscription is in place.
func eventSchema() (*graphqlgo.Schema, error) {
	published := graphql.NewObject(graphql.ObjectConfig{Name: "Event", Fields: graphql.Fields{
		"n": {Type: graphql.Int}, "at": {Type: graphql.String},
	}})
	return graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"ok": {Type: graphql.Boolean}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"event": {
			Type: published,
			Args: graphql.FieldConfigArgument{"topic": {Type: graphql.NewNonNull(graphql.String)}},
			Subscribe: func(p graphql.ResolveParams) (any, error) {
				topic, _ := p.Args["topic"].(string)
				return core.Subscribe(p.Context, []string{topic}, core.Initial(func(context.Context) (any, error) { return event{}, nil }))
			},
			Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
		}}}),
	})
}
