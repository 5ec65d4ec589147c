package core_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// with makes the schema of a harness out of one subscription field "f".
func with(backend *memory.Backend, subscribe graphql.FieldResolveFn, resolve graphql.FieldResolveFn) func(*core.Config) {
	return func(c *core.Config) {
		c.History = backend
		c.Schema = must.Make(graphqlgo.NewSchema(graphql.SchemaConfig{
			Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"hello": {Type: graphql.String}}}),
			Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
				"f": {Type: graphql.Int, Subscribe: subscribe, Resolve: resolve, Args: graphql.FieldConfigArgument{"topic": {Type: graphql.String}}},
			}}),
		}))
	}
}

// A client that resumes a subscription of which one topic keeps nothing is answered as after
// a gap: it may lack events of that.
func TestResumeSaysThatATopicKeepsNothing(t *testing.T) {
	for _, initial := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			plain := core.NewTopic[int]("plain")
			h, _ := newOutage(t, with(must.Make(memory.New(memory.Config{})), func(p graphql.ResolveParams) (any, error) {
				var options []core.SubscribeOption
				if initial {
					options = append(options, core.Initial(func(context.Context) (any, error) { return -1, nil }))
				}
				if _, err := ticks("tick").Subscribe(p.Context, options...); err != nil {
					return nil, err
				}
				return plain.Subscribe(p.Context)
			}, func(p graphql.ResolveParams) (any, error) { return plain.Payload(p.Context) }))
			c := h.dial(modern)
			c.resume("1", `subscription { f }`)
			h.tick(ticks("tick"), 1)
			before := c.ticked()
			_ = h.engine.Disconnect(t.Context(), disconnection(c))
			h.tick(plain, 2)
			h.tick(ticks("tick"), 3)
			again := h.dial(modern)
			again.resume("1", `subscription { f }`, before.resume()...)
			got := again.ticked()
			if !slices.Contains(got.numbers, 2) && !slices.Contains(got.numbers, -1) && got.ended == "" {
				t.Errorf("initial %v: got %v: event 2 of the topic without a history is missed in silence", initial, got.numbers)
			}
		})
	}
}

// With a history or without, how long a live subscriber waits beside a hung client.
func TestHungClientWithAndWithoutAHistory(t *testing.T) {
	for _, history := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a := besieged(t, func(c *core.Config) {
				if !history {
					c.History = nil
				}
			})
			live, hung := a.dial(modern), a.dial(modern)
			live.subscribe("1", `subscription { tick }`)
			hung.subscribe("1", `subscription { tick }`)
			a.pusher.slow(hung.id(), -1)
			var waits []time.Duration
			for n := range 8 {
				began := time.Now()
				a.tick(long("tick"), n)
				for live.socket.Queued() == 0 {
					pause(10 * time.Millisecond)
				}
				waits = append(waits, time.Since(began))
				live.ticked()
				pause(100 * time.Millisecond)
			}
			t.Logf("history %v: %v, rows %d", history, waits, len(a.listed("tick")))
		})
	}
}

// discard takes every frame, as fast as it comes.
type discard struct{ frames atomic.Int64 }

func (d *discard) Push(context.Context, ports.Address, ports.Frame) error {
	d.frames.Add(1)
	return nil
}
func (d *discard) Close(context.Context, ports.Address, int, string) error { return nil }

// What a catch-up of very many events takes does not grow with their number.
func TestMemoryOfALongCatchUp(t *testing.T) {
	const events = 20_000
	clients := 4
	if raced {
		clients = 2
	}
	backend := must.Make(memory.New(memory.Config{}))
	topic := core.NewTopic[string]("big", core.Keep(200_000, time.Hour))
	pusher := &discard{}
	c := core.Config{Store: backend, Bus: backend, Pusher: pusher, Logger: silence()}
	with(backend, func(p graphql.ResolveParams) (any, error) { return topic.Subscribe(p.Context) },
		func(p graphql.ResolveParams) (any, error) { s, err := topic.Payload(p.Context); return len(s), err })(&c)
	engine := must.Make(core.New(c))
	head, err := backend.Head(t.Context(), "big", ports.Retention{Count: 200_000, Age: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	payload := []byte(`"` + strings.Repeat("x", 100) + `"`)
	for n := range events {
		_, _ = backend.Append(t.Context(), "big", ports.Event{ID: fmt.Sprint(n), Position: fmt.Sprintf("%019d", n+1), Topic: "big", Kind: ports.EventData,
			Payload: payload, Keep: ports.Retention{Count: 200_000, Age: time.Hour}, Time: time.Now()})
	}
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, n := range []int{1, clients} {
		pusher.frames.Store(0)
		var all sync.WaitGroup
		began := time.Now()
		for i := range n {
			address := ports.Address{ID: ports.ConnectionID(fmt.Sprintf("c%d-%d", n, i))}
			if _, err := engine.Connect(t.Context(), ports.Handshake{Address: address, ReceivedAt: time.Now(), Protocols: []string{modern}}); err != nil {
				t.Fatal(err)
			}
			_ = engine.Receive(t.Context(), ports.Message{Address: address, RequestID: "i" + string(address.ID), ReceivedAt: time.Now(), Data: []byte(`{"type":"connection_init"}`)})
			all.Go(func() {
				data := fmt.Sprintf(`{"id":"1","type":"subscribe","payload":{"query":"subscription { f }","extensions":{"resume":["%08x.%s"]}}}`, fnv32("big"), head)
				_ = engine.Receive(t.Context(), ports.Message{Address: address, RequestID: "s" + string(address.ID), ReceivedAt: time.Now(), Data: []byte(data)})
			})
		}
		// The heap when almost all has been pushed, garbage collected.
		for pusher.frames.Load() < int64(n*events*9/10) && time.Since(began) < time.Minute {
			time.Sleep(2 * time.Millisecond)
		}
		runtime.GC()
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		all.Wait()
		live := (int64(now.HeapAlloc) - int64(before.HeapAlloc)) >> 20
		t.Logf("%d clients: %d frames in %v, %d MB live near the end", n, pusher.frames.Load(), time.Since(began), live)
		if live > int64(10*n) {
			t.Errorf("%d clients hold %d MB", n, live)
		}
	}
}
