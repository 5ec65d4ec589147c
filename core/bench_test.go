package core_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// counter is a pusher that only counts.
type counter struct{ recorder }

func (*counter) Push(context.Context, ports.Address, ports.Frame) error { return nil }

func newBenchFan(b *testing.B) *fan {
	return newFan(b, func(c *core.Config) {
		c.Pusher, c.MaxMessagesPerSecond = &counter{}, 1<<30
		c.Hooks.OnComplete, c.Hooks.OnDisconnect = nil, nil
	})
}

// What a subscribe message costs: with a document that is new, parsed and
// validated, and with one that is cached.
func BenchmarkSubscribe(b *testing.B) {
	for _, kind := range []string{"new document", "cached document"} {
		b.Run(kind, func(b *testing.B) {
			f := newBenchFan(b)
			client := f.connect("c", "ann")
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				id, selection := strconv.Itoa(i), `feed(suffix: "x")`
				if kind == "new document" {
					selection = `feed(suffix: "` + id + `")`
				}
				f.subscribe(client, id, selection)
				f.send(client, `{"type":"complete","id":"`+id+`"}`)
			}
		})
	}
}

// nullStore has one connection, and forgets its operations.
type nullStore struct {
	ports.Store
	connection ports.Connection
	added      int
}

func (s *nullStore) GetConnection(context.Context, ports.ConnectionID) (ports.Connection, error) {
	return s.connection, nil
}

func (s *nullStore) AddOperation(context.Context, ports.Operation) error {
	s.added++
	return nil
}

// What a subscribe message costs the engine whose document is known, without a store and
// without a test client.
func BenchmarkSubscribeKnown(b *testing.B) {
	store := &nullStore{}
	f := newFan(b, func(c *core.Config) {
		c.Pusher, c.MaxMessagesPerSecond = &counter{}, 1<<30
		store.Store = c.Store
		c.Store = store
		c.Hooks.OnComplete, c.Hooks.OnDisconnect = nil, nil
	})
	client := f.connect("c", "ann")
	var err error
	if store.connection, err = store.Store.GetConnection(b.Context(), client.ID); err != nil {
		b.Fatal(err)
	}
	const head, tail = `{"type":"subscribe","id":"`, `","payload":{"query":"subscription { feed(suffix: \"x\") }"}}`
	at := time.Now().Add(time.Second) // after the connection_init
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		message := ports.Message{Address: client, ReceivedAt: at, Data: []byte(head + strconv.Itoa(i) + tail)}
		if err := f.Receive(b.Context(), message); err != nil {
			b.Fatal(err)
		}
	}
	if store.added != b.N {
		b.Fatalf("%d operations were added, want %d", store.added, b.N)
	}
}

// What one event costs from Publish to the last Push, by subscribers and by what
// its resolver reads. ns/delivery and allocs/delivery are the figures to watch.
func BenchmarkPublish(b *testing.B) {
	names := map[instruction]string{{}: "shared", {ReadState: true}: "three states", {ReadID: true}: "each its own"}
	for _, reads := range []instruction{{}, {ReadState: true}, {ReadID: true}} {
		for _, subscribers := range []int{1, 100, 10_000} {
			event := reads
			event.Text = "hello world"
			name := names[reads]
			b.Run(fmt.Sprintf("%s/%d", name, subscribers), func(b *testing.B) {
				bus := must.Make(memory.New(memory.Config{})).Bus
				f := newFan(b, func(c *core.Config) {
					c.Bus, c.Pusher = bus, &counter{}
					c.Hooks.OnComplete, c.Hooks.OnDisconnect = nil, nil
				})
				f.crowd(subscribers, "feed")
				ctx, cancel := context.WithCancel(b.Context())
				done := make(chan struct{})
				go func() { defer close(done); _ = bus.Consume(ctx, f.Deliver) }()
				defer func() { cancel(); <-done }()
				b.ReportAllocs()
				for b.Loop() {
					if err := f.Publish(ctx, feedTopic.Event(event)); err != nil {
						b.Fatal(err)
					}
					if err := bus.Flush(ctx); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*subscribers), "ns/delivery")
			})
		}
	}
}
