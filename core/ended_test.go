package core_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
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

// Nothing is sent for an operation after its end, whatever was under way for it, and an
// ID that is used again gets nothing of the operation that had it before.

// An operation that the client has completed gets nothing more from a delivery that
// listed it before, on whichever topic, and neither does one that uses its ID again.
func TestNothingOfAnOperationAfterItsEnd(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t)
		c := h.dial(protocol)
		c.subscribe("1", `subscription { any }`) // on a and b
		h.store.afterNext("ListSubscribers", func() {
			if err := h.engine.Publish(t.Context(), core.NewTopic[any]("b").End()); err != nil {
				t.Error(err)
			}
			pause(time.Millisecond)
			c.subscribe("1", `subscription { odd }`)
		})
		h.publish("a", "old")
		pause(time.Second)
		c.expectComplete("1")
		h.publish("numbers", 1)
		c.expectNext("1", `{"data":{"odd":"1"}}`)
		c.expectNothing()
	})
}

// An end takes effect when its message is taken: what is said after it finds the
// operation ended, although its handling has not begun.
func TestNothingOfAnOperationWhoseEndWasTaken(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t)
		c := h.dial(protocol)
		c.subscribe("1", `subscription { any }`)
		end := c.engine.Take(c.message(c.completing("1")))
		c.subscribe("2", `subscription { any }`)
		h.publish("a", "late")
		c.expectNext("2", `{"data":{"any":"late"}}`)
		if err := end(t.Context()); err != nil {
			t.Error(err)
		}
		c.expectStopped("1")
		h.publish("a", "later")
		c.expectNext("2", `{"data":{"any":"later"}}`)
		c.expectNothing()
	})
}

// An operation whose end is taken while its result is made gets none.
func TestNothingOfAnOperationWhoseEndCameBeforeItsResult(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		gate := make(chan struct{})
		var waits atomic.Bool
		h := newHarness(t, func(c *core.Config) {
			c.NewContext = func(ctx context.Context) context.Context {
				if waits.Load() {
					<-gate
				}
				return ctx
			}
		})
		c := h.dial(protocol)
		c.subscribe("1", `subscription { any }`)
		waits.Store(true)
		if err := h.engine.Publish(t.Context(), core.NewTopic[any]("a").Event("late")); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		end := c.engine.Take(c.message(c.completing("1")))
		close(gate)
		c.expectNothing()
		if err := end(t.Context()); err != nil {
			t.Error(err)
		}
		c.expectStopped("1")
	})
}

// gated is a harness whose operations wait at the gate: a subscription before its first
// result, a query in its resolver.
func gated(t *testing.T, configure ...func(*core.Config)) (h *harness, gate chan struct{}) {
	t.Helper()
	gate = make(chan struct{})
	source := func(p graphql.ResolveParams) (any, error) { return p.Source, nil }
	on := func(topic core.Topic[any], initial func(context.Context) (any, error)) *graphql.Field {
		field := text(source)
		field.Subscribe = func(p graphql.ResolveParams) (any, error) {
			if initial == nil {
				return topic.Subscribe(p.Context)
			}
			return topic.Subscribe(p.Context, core.Initial(func(ctx context.Context) (any, error) {
				<-gate
				return initial(ctx)
			}))
		}
		return field
	}
	first, kept := core.NewTopic[any]("first"), core.NewTopic[any]("kept", core.Keep(10, time.Hour))
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"slow": text(func(graphql.ResolveParams) (any, error) { <-gate; return "old", nil }),
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"begins": on(first, func(context.Context) (any, error) { return "old", nil }),
			"fails":  on(first, func(context.Context) (any, error) { return nil, core.Public("old") }),
			"marks":  on(kept, func(context.Context) (any, error) { return nil, core.ErrSkip }),
			"other":  on(core.NewTopic[any]("other"), nil),
		}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	configure = append([]func(*core.Config){func(c *core.Config) { c.Schema, c.History = schema, must.Make(memory.New(memory.Config{})) }}, configure...)
	return newHarness(t, configure...), gate
}

// expectOnlyNew expects that the operation which has the ID now gets its own event, and
// nothing else.
func (c *client) expectOnlyNew() {
	c.t.Helper()
	c.expectNothing()
	c.publish("other", "new")
	c.expectNext("1", `{"data":{"other":"new"}}`)
}

// take takes a message; handle handles it, and aside does so beside the caller.
func (c *client) take(data string) (handle func()) {
	c.t.Helper()
	h := c.engine.Take(c.message(data))
	return func() {
		c.t.Helper()
		if err := h(c.t.Context()); err != nil {
			c.t.Errorf("%s: %v", data, err)
		}
	}
}

func aside(handle func()) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		handle()
	}()
	synctest.Wait()
	return func() { <-done }
}

func TestNothingOfAnOperationThatEndedOnItsWay(t *testing.T) {
	t.Parallel()
	requests := map[string]map[string]any{
		"first result":         {"query": `subscription { begins }`},
		"first result, failed": {"query": `subscription { fails }`},
		"positions":            {"query": `subscription { marks }`, "extensions": map[string]any{"resume": []string{}}},
		"result of a query":    {"query": `{ slow }`},
	}
	for name, request := range requests {
		t.Run(name+", the complete was taken", func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				h, gate := gated(t)
				c := h.dial(protocol)
				wait := aside(c.take(c.requesting("1", request)))
				end := c.take(c.completing("1"))
				close(gate)
				wait()
				c.expectNothing()
				end()
				if name != "result of a query" && name != "first result, failed" { // which have removed it themselves
					c.expectStopped("1")
				}
				c.expectNothing()
			})
		})
		t.Run(name+", the ID was used again", func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				h, gate := gated(t)
				c := h.dial(protocol)
				wait := aside(c.take(c.requesting("1", request)))
				c.take(c.completing("1"))()
				c.expectStopped("1")
				c.take(c.subscribing("1", `subscription { other }`))()
				close(gate)
				wait()
				c.expectOnlyNew()
			})
		})
		t.Run(name+", another start took the ID", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, gate := gated(t)
				c := h.dial(legacy)
				wait := aside(c.take(c.requesting("1", request)))
				c.take(c.subscribing("1", `subscription { other }`))()
				close(gate)
				wait()
				c.expectOnlyNew()
			})
		})
	}
}

// busyPusher refuses frames that have a text, for now.
type busyPusher struct {
	ports.Pusher
	refused atomic.Pointer[string]
	refusal chan struct{} // one for each
}

func newBusyPusher(c *core.Config) *busyPusher {
	p := &busyPusher{Pusher: c.Pusher, refusal: make(chan struct{}, 100)}
	c.Pusher = p
	return p
}

func (p *busyPusher) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	if refused := p.refused.Load(); refused != nil && strings.Contains(string(frame.Payload), *refused) {
		p.refusal <- struct{}{}
		return &ports.Error{Op: "test.Push", Kind: ports.ErrThrottled}
	}
	return p.Pusher.Push(ctx, to, frame)
}

func (p *busyPusher) refuse(text string) { p.refused.Store(&text) }

// A frame that has to be tried again is not, once its operation has ended. Refused for
// good, it would end the operation that has the ID by then.
func TestNothingIsTriedAgainAfterTheEnd(t *testing.T) {
	t.Parallel()
	for name, refusals := range map[string]int{"an event": 2, "an event that is lost": 7} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				var busy *busyPusher
				h, _ := gated(t, func(c *core.Config) { busy = newBusyPusher(c) })
				c := h.dial(protocol)
				c.subscribe("1", `subscription { other }`)
				busy.refuse("old")
				if err := h.engine.Publish(t.Context(), core.NewTopic[any]("other").Event("old")); err != nil {
					t.Error(err)
				}
				for range refusals {
					<-busy.refusal
				}
				c.take(c.completing("1"))()
				c.expectStopped("1")
				c.take(c.subscribing("1", `subscription { other }`))()
				if refusals == 2 {
					busy.refused.Store(nil)
				}
				pause(time.Minute)
				c.expectOnlyNew()
			})
		})
	}
	t.Run("the result of a query", func(t *testing.T) {
		t.Parallel()
		both(t, func(t *testing.T, protocol string) {
			var busy *busyPusher
			h, gate := gated(t, func(c *core.Config) { busy = newBusyPusher(c) })
			close(gate)
			c := h.dial(protocol)
			busy.refuse("old")
			wait := aside(c.take(c.subscribing("1", `{ slow }`)))
			<-busy.refusal
			c.take(c.completing("1"))()
			c.take(c.subscribing("1", `subscription { other }`))()
			busy.refused.Store(nil)
			wait()
			c.expectOnlyNew()
		})
	})
}

func TestNothingInPlaceOfATooLargeResultAfterTheEnd(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		gate := make(chan struct{})
		h := newHarness(t, small, func(c *core.Config) {
			c.Hooks.OnTooLarge = func(context.Context, ports.OperationRef, json.RawMessage) (json.RawMessage, error) {
				<-gate
				return nil, nil
			}
		})
		c := h.dial(protocol)
		c.subscribe("1", `subscription { any }`)
		if err := h.engine.Publish(t.Context(), core.NewTopic[any]("a").Event(strings.Repeat("x", 1024))); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		c.take(c.completing("1"))()
		c.expectStopped("1")
		close(gate)
		c.expectNothing()
	})
}

// What a client ends is remembered once, however many deliveries are under way, and not
// for good.
func TestEndsCostLittle(t *testing.T) { synctest.Test(t, testEndsCostLittle) }

func testEndsCostLittle(t *testing.T) {
	const topics, ends, most = 50, 5000, 1000
	gate := make(chan struct{})
	var delivering sync.WaitGroup
	h := newHarness(t, func(c *core.Config) {
		c.MaxOperations, c.MaxMessagesPerSecond = topics, 1<<20
		c.NewContext = func(ctx context.Context) context.Context {
			if _, event := core.EventFrom(ctx); event {
				<-gate
			}
			return ctx
		}
	})
	c := h.dial(modern)
	for i := range topics {
		c.subscribe(fmt.Sprint(i), fmt.Sprintf(`subscription { said(room: "%d") }`, i))
		delivering.Go(func() {
			topic := ports.Topic(fmt.Sprintf("room/%d", i))
			h.engine.Deliver(t.Context(), []ports.Event{{ID: "1", Topic: topic, Kind: ports.EventData, Payload: []byte(`{"text":"x"}`)}})
		})
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	synctest.Wait()
	before := heap()
	for i := range ends {
		c.send(c.completing(fmt.Sprintf("%064d", i)))
	}
	if each := (int64(heap()) - int64(before)) / ends; each > most {
		t.Errorf("an end of an unknown operation costs %d bytes while %d deliveries are under way, want at most %d", each, topics, most)
	}
	close(gate)
	delivering.Wait()
}
