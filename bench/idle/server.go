package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
)

// tick is what the clients wait for.
type tick struct {
	N    int    `json:"n"`
	Text string `json:"text"`
}

// usage is what the server says of itself, in bytes.
type usage struct {
	Resident, Heap, Stacks  uint64
	Goroutines, Subscribers int
}

// serve runs a server on a free port until its standard input is closed.
func serve(out io.Writer) error {
	var subscribers atomic.Int64
	schema, err := newSchema(&subscribers)
	if err != nil {
		return err
	}
	store, bus, sockets := memory.NewStore(memory.StoreConfig{}), memory.NewBus(memory.BusConfig{}), websocket.NewServer(websocket.Config{})
	engine, err := core.New(core.Config{Schema: schema, Connections: store, Subscriptions: store, Bus: bus, Pusher: sockets,
		Hooks: core.Hooks{OnInit: func(_ context.Context, payload json.RawMessage) (core.Session, error) {
			return core.Session{State: payload}, nil
		}}})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/graphql", sockets.Handler(engine))
	mux.HandleFunc("/memory", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(measureSelf(int(subscribers.Load())))
	})
	go func() { _ = http.Serve(listener, mux) }() //nolint:gosec // a benchmark on loopback
	fmt.Fprintln(out, listener.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func newSchema(subscribers *atomic.Int64) (graphql.Schema, error) {
	ticks := core.NewTopic[tick]("ticks")
	return graphql.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"ok": {Type: graphql.Boolean}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"ticks": {
			Type: graphql.NewObject(graphql.ObjectConfig{Name: "Tick", Fields: graphql.Fields{
				"n": {Type: graphql.Int}, "text": {Type: graphql.String},
			}}),
			Subscribe: func(p graphql.ResolveParams) (any, error) {
				return ticks.Subscribe(p.Context, core.Initial(func(context.Context) (any, error) {
					subscribers.Add(1)
					return tick{Text: "in place"}, nil
				}))
			},
			Resolve: func(p graphql.ResolveParams) (any, error) { return ticks.Payload(p) },
		}}}),
	})
}

// measureSelf reads the memory after everything that can be freed has been.
func measureSelf(subscribers int) usage {
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return usage{Resident: resident(), Heap: stats.HeapInuse, Stacks: stats.StackInuse,
		Goroutines: runtime.NumGoroutine(), Subscribers: subscribers}
}

// resident is the process's resident memory in bytes, as Linux counts it.
func resident() uint64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseUint(fields[1], 10, 64)
	return pages * uint64(os.Getpagesize())
}
