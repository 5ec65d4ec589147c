//go:build e2e

package hostile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
)

// What is published: so many topics, each so often. The first is the busy one.
const (
	topics   = 10
	interval = 100 * time.Millisecond
)

// tick is one event.
type tick struct {
	N    int    `json:"n"`
	At   string `json:"at"` // when it was due, in nanoseconds: GraphQL's numbers are too small
	Text string `json:"text"`
}

// figures are what the server says of itself.
type figures struct {
	Goroutines, Connections, Published int
	Heap                               uint64
}

// serve is the server's process: the engine on the memory adapters, all but the log
// by its defaults. It prints its address and that of its figures.
func serve() error {
	ctx, cancel := untilTold()
	defer cancel()
	server := must.Make(websocket.NewServer(websocket.Config{MaxConnections: 5000}))
	backend := must.Make(memory.New(memory.Config{}))
	schema, err := newSchema()
	if err != nil {
		return err
	}
	engine, err := core.New(core.Config{
		Schema: schema, Store: backend, Bus: backend, Pusher: server,
		Logger: slog.New(slog.DiscardHandler), // of fields that fail for hostile clients
	})
	if err != nil {
		return err
	}
	var published atomic.Int64
	subscriptions, requests := server.Handler(engine), must.Make(graphqlhttp.NewHandler(engine, graphqlhttp.Config{}))
	front := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				requests.ServeHTTP(w, r)
				return
			}
			subscriptions.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: 2 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10,
	}
	inside := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(measure(server, int(published.Load())))
	})}
	var running sync.WaitGroup
	for _, s := range []*http.Server{front, inside} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(listener.Addr())
		running.Go(func() { _ = s.Serve(listener) })
	}
	running.Go(func() { _ = backend.Consume(ctx, engine.Deliver) })
	running.Go(func() { publish(ctx, engine, &published) })
	<-ctx.Done()
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	err = errors.Join(server.Shutdown(leaving), front.Shutdown(leaving), inside.Shutdown(leaving))
	running.Wait()
	return err
}

// measure looks at what is in use, not at what could be collected.
func measure(server *websocket.Server, published int) figures {
	debug.FreeOSMemory()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	connections := 0
	for range server.Connections() {
		connections++
	}
	return figures{Goroutines: runtime.NumGoroutine(), Connections: connections, Published: published, Heap: memory.HeapAlloc}
}

// publish sends every topic an event at every interval. What is late is stamped
// with the time at which it was due.
func publish(ctx context.Context, engine *core.Engine, published *atomic.Int64) {
	due, text := time.Now(), strings.Repeat("x", 200)
	for n := 1; ctx.Err() == nil; n++ {
		due = due.Add(interval)
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return
		}
		for topic := range topics {
			event := tick{N: n, At: fmt.Sprint(due.UnixNano()), Text: text}
			if err := engine.Publish(ctx, core.NewTopic[any](topicName(topic)).Event(event)); err != nil && ctx.Err() == nil {
				fmt.Println("publishing:", err)
			}
		}
		published.Store(int64(n))
	}
}

func topicName(n int) string { return fmt.Sprintf("topic/%d", n) }

func typeName(n int) string { return fmt.Sprint("Other", n) }

// newSchema has what hostile clients look for: lists of any length, types that
// contain themselves, fields that fail, many names.
func newSchema() (*graphqlgo.Schema, error) {
	item := graphql.NewObject(graphql.ObjectConfig{Name: "Item", Fields: graphql.Fields{
		"id": {Type: graphql.Int, Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil }},
		"text": {Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) {
			return "some text of some length", nil
		}},
	}})
	item.AddFieldConfig("child", &graphql.Field{Type: item, Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil }})
	item.AddFieldConfig("fails", &graphql.Field{Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) {
		return nil, errors.New("it fails")
	}})
	others := make([]graphql.Type, 300)
	for i := range others {
		others[i] = graphql.NewObject(graphql.ObjectConfig{Name: typeName(i), Fields: graphql.Fields{"id": {Type: graphql.Int}}})
	}
	event := graphql.NewObject(graphql.ObjectConfig{Name: "Tick", Fields: graphql.Fields{
		"n": {Type: graphql.Int}, "at": {Type: graphql.String}, "text": {Type: graphql.String},
	}})
	return graphqlgo.NewSchema(graphql.SchemaConfig{
		Types: others,
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"item": {Type: item, Resolve: func(graphql.ResolveParams) (any, error) { return 1, nil }},
			"items": {
				Type: graphql.NewList(item), Args: graphql.FieldConfigArgument{"n": {Type: graphql.Int, DefaultValue: 10}},
				Resolve: func(p graphql.ResolveParams) (any, error) {
					return make([]int, min(max(p.Args["n"].(int), 0), 200)), nil
				},
			},
			"hang": {Type: graphql.String, Resolve: func(p graphql.ResolveParams) (any, error) {
				<-p.Context.Done()
				return nil, p.Context.Err()
			}},
			"sum": {
				Type: graphql.Int, Args: graphql.FieldConfigArgument{"values": {Type: graphql.NewList(graphql.NewNonNull(graphql.Int))}},
				Resolve: func(graphql.ResolveParams) (any, error) { return 0, nil },
			},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"ticks": {
				Type: event, Args: graphql.FieldConfigArgument{"topic": {Type: graphql.NewNonNull(graphql.String)}},
				Subscribe: func(p graphql.ResolveParams) (any, error) {
					return core.Subscribe(p.Context, []string{p.Args["topic"].(string)})
				},
				Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
			},
		}}),
	})
}
