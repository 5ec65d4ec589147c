package core_test

import (
	"context"
	"encoding/json"
	"fmt"
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

// slowPusher takes its time for some connections; a negative delay is for ever.
type slowPusher struct {
	ports.Pusher
	mu    sync.Mutex
	delay map[ports.ConnectionID]time.Duration
	posts map[ports.ConnectionID]int
}

func (p *slowPusher) slow(id ports.ConnectionID, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay[id] = delay
}

func (p *slowPusher) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	p.mu.Lock()
	delay := p.delay[to.ID]
	p.posts[to.ID]++
	p.mu.Unlock()
	if delay < 0 {
		return hang(ctx)
	}
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return p.Pusher.Push(ctx, to, frame)
}

// hang is what the pusher of API Gateway does about a post that nobody answers.
func hang(ctx context.Context) error {
	select {
	case <-time.After(10 * time.Second):
		return errAway
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *slowPusher) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	p.mu.Lock()
	delay := p.delay[to.ID]
	p.mu.Unlock()
	if delay < 0 {
		return hang(ctx)
	}
	return p.Pusher.Close(ctx, to, code, reason)
}

// countedBus counts what is published, by kind.
type countedBus struct {
	*memory.Bus
	mu    sync.Mutex
	kinds map[ports.EventKind]int
	bytes int
}

func (b *countedBus) Publish(ctx context.Context, events ...ports.Event) error {
	b.mu.Lock()
	for _, e := range events {
		b.kinds[e.Kind]++
		b.bytes += len(e.Payload)
	}
	b.mu.Unlock()
	return b.Bus.Publish(ctx, events...)
}

func (b *countedBus) count(kind ports.EventKind) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kinds[kind]
}

func long(name string) core.Topic[int] {
	return core.NewTopic[int](name, core.Keep(200_000, time.Hour))
}

type attack struct {
	*harness
	pusher *slowPusher
	bus    *countedBus
	hist   *memory.Backend
}

// besiegedSchema keeps nothing, so that one will do for all tests.
var besiegedSchema = sync.OnceValue(func() *graphqlgo.Schema {
	tick := long("tick")
	subscribe := func(options ...core.SubscribeOption) graphql.FieldResolveFn {
		return func(p graphql.ResolveParams) (any, error) { return tick.Subscribe(p.Context, options...) }
	}
	resolve := func(p graphql.ResolveParams) (any, error) { return tick.Payload(p.Context) }
	slowInitial := core.Initial(func(ctx context.Context) (any, error) {
		pause(time.Second)
		return -1, nil
	})
	return must.Make(graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"hello": {Type: graphql.String}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"tick":    {Type: graphql.Int, Subscribe: subscribe(), Resolve: resolve},
			"initial": {Type: graphql.Int, Subscribe: subscribe(slowInitial), Resolve: resolve},
			"who": {Type: graphql.String, Subscribe: subscribe(), Resolve: func(p graphql.ResolveParams) (any, error) {
				n, err := tick.Payload(p.Context)
				connection, _ := core.ConnectionFrom(p.Context)
				return fmt.Sprint(n, " ", string(connection.State())), err
			}},
		}}),
	}))
})

// besieged is a harness with a slow pusher, and histories that reach far.
func besieged(t *testing.T, options ...func(*core.Config)) *attack {
	t.Helper()
	backend := must.Make(memory.New(memory.Config{}))
	slow := &slowPusher{delay: map[ports.ConnectionID]time.Duration{}, posts: map[ports.ConnectionID]int{}}
	big := must.Make(memory.NewPusher(memory.PusherConfig{MaxQueued: 1_000_000}))
	counted := &countedBus{kinds: map[ports.EventKind]int{}}
	all := append([]func(*core.Config){func(c *core.Config) {
		c.Schema, c.History = besiegedSchema(), backend
		slow.Pusher, c.Pusher = big, slow
		counted.Bus = c.Bus.(*memory.Bus)
		c.Bus = counted
		c.Random = func() float64 { return 0.5 }
	}}, options...)
	h := newHarness(t, all...)
	h.pusher = big
	return &attack{h, slow, counted, backend}
}

func (a *attack) leave(c *client) { _ = a.engine.Disconnect(a.t.Context(), disconnection(c)) }

// A client that got its start mark, and left before the initial result came, gets the
// initial result when it resumes: otherwise nothing ever gives it the state.
func TestInitialResultIsNotMissedInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := besieged(t)
		c := a.dial(modern)
		wait := c.sendAside(c.requesting("1", map[string]any{"query": `subscription { initial }`, "extensions": map[string]any{"resume": []string{}}}))
		before := c.ticked()
		if len(before.numbers) != 0 || len(before.positions) != 0 {
			t.Errorf("before the initial result it got %+v", before)
		}
		a.leave(c)
		wait()
		again := a.dial(modern)
		again.resume("1", `subscription { initial }`, before.resume()...)
		pause(10 * time.Second)
		expectNumbers(t, "after", again.ticked().numbers, -1)
	})
}

// Nothing reaches a connection whose identity has ended, while it catches up either.
func TestNothingReachesAnEndedIdentityThatCatchesUp(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		h, away := kept(t, withIdentity)
		c := h.admitted(protocol, `{"name":"ann","for":60000000000}`)
		other := h.dial(protocol)
		other.subscribe("1", `subscription { tick }`)
		c.subscribe("1", `subscription { tick }`)
		away.only = c.id()
		away.closes = true
		away.begin(90 * time.Second)
		pause(30 * time.Second)
		h.tick(ticks("tick"), 1, 2)
		pause(5 * time.Minute)
		expectNumbers(t, "live", other.ticked().numbers, 1, 2)
		if got := c.ticked(); len(got.numbers) > 0 {
			t.Errorf("after its identity has ended it got %v (closed: %v)", got.numbers, c.socket.Closed())
		}
	})
}

// One client that catches up slowly holds up no live subscriber of its topic.
func TestSlowCatchUpHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := besieged(t)
		c, live := a.dial(modern), a.dial(modern)
		c.resume("1", `subscription { tick }`)
		live.subscribe("1", `subscription { tick }`)
		start := c.ticked()
		a.leave(c)
		for n := range 1000 {
			a.tick(long("tick"), n)
		}
		live.ticked()
		again := a.dial(modern)
		a.pusher.slow(again.id(), 400*time.Millisecond)
		wait := again.sendAside(again.requesting("1", map[string]any{"query": `subscription { tick }`, "extensions": map[string]any{"resume": start.resume()}}))
		worst := time.Duration(0)
		for n := range 30 {
			began := time.Now()
			a.tick(long("tick"), 10_000+n)
			for live.socket.Queued() == 0 && time.Since(began) < 20*time.Minute {
				pause(10 * time.Millisecond)
			}
			worst = max(worst, time.Since(began))
			live.ticked()
			pause(500 * time.Millisecond)
		}
		if worst > 2*time.Second {
			t.Errorf("a live subscriber waited %v for an event", worst)
		}
		wait()
	})
}

// One client that never answers holds up no live subscriber of its topic.
func TestHungClientHoldsUpNobody(t *testing.T) {
	for _, hung := range []int{1, 10, 100, 1000} {
		t.Run(fmt.Sprint(hung), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := besieged(t)
				live := a.dial(modern)
				live.subscribe("1", `subscription { tick }`)
				var all []*client
				for range hung {
					c := a.dial(modern)
					c.subscribe("1", `subscription { tick }`)
					all = append(all, c)
				}
				for _, c := range all {
					a.pusher.slow(c.id(), -1)
				}
				var waits []time.Duration
				for n := range 20 {
					began := time.Now()
					a.tick(long("tick"), n)
					for live.socket.Queued() == 0 && time.Since(began) < 20*time.Minute {
						pause(10 * time.Millisecond)
					}
					waits = append(waits, time.Since(began))
					live.ticked()
					pause(100 * time.Millisecond)
				}
				slices.Sort(waits)
				t.Logf("%d hung: median %v, worst %v; published catch-ups %d", hung, waits[10], waits[19], a.bus.count(ports.EventCatchUp))
				if waits[10] > time.Second || waits[19] > 10*time.Second {
					t.Errorf("a live subscriber waited %v for most events, and %v for one", waits[10], waits[19])
				}
			})
		})
	}
}

// Each of many hung clients that resume one after the other, with no event on the topic.
func TestHungClientsThatResumeHoldUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := besieged(t)
		live, c := a.dial(modern), a.dial(modern)
		live.subscribe("1", `subscription { tick }`)
		c.resume("1", `subscription { tick }`)
		start := c.ticked()
		a.tick(long("tick"), 1)
		live.ticked()
		for range 100 {
			again := a.dial(modern)
			a.pusher.slow(again.id(), -1)
			message := again.message(again.requesting("1", map[string]any{"query": `subscription { tick }`, "extensions": map[string]any{"resume": start.resume()}}))
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				_ = a.engine.Receive(ctx, message)
			}()
		}
		pause(5 * time.Second)
		var worst time.Duration
		for n := range 20 {
			began := time.Now()
			a.tick(long("tick"), n+2)
			for live.socket.Queued() == 0 && time.Since(began) < 20*time.Minute {
				pause(10 * time.Millisecond)
			}
			worst = max(worst, time.Since(began))
			live.ticked()
			pause(3 * time.Second)
		}
		t.Logf("worst %v; catch-ups %d", worst, a.bus.count(ports.EventCatchUp))
		if worst > 2*time.Second {
			t.Errorf("a live subscriber waited %v", worst)
		}
	})
}

// A subscription that its client completes while it catches up gets nothing more.
func TestCompleteIsHeardWhileCatchingUp(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		a := besieged(t)
		c := a.dial(protocol)
		c.resume("1", `subscription { tick }`)
		start := c.ticked()
		a.leave(c)
		for n := range 1000 {
			a.tick(long("tick"), n)
		}
		again := a.dial(protocol)
		a.pusher.slow(again.id(), 10*time.Millisecond)
		wait := again.sendAside(again.requesting("1", map[string]any{"query": `subscription { tick }`, "extensions": map[string]any{"resume": start.resume()}}))
		pause(1500 * time.Millisecond)
		again.complete("1")
		again.ticked()
		pause(50 * time.Millisecond)
		more := len(again.received())
		pause(time.Minute)
		if rest := again.received(); len(rest) > 0 || more > 2 {
			t.Errorf("got %d and %d frames after complete", more, len(rest))
		}
		wait()
		if rows := a.listed("tick"); len(rows) > 0 {
			t.Errorf("rows %v", rows)
		}
	})
}

// The end of a topic while a client catches up.
func TestEndOfATopicWhileCatchingUp(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		a := besieged(t)
		c := a.dial(protocol)
		c.resume("1", `subscription { tick }`)
		start := c.ticked()
		a.leave(c)
		for n := range 300 {
			a.tick(long("tick"), n)
		}
		again := a.dial(protocol)
		a.pusher.slow(again.id(), 10*time.Millisecond)
		wait := again.sendAside(again.requesting("1", map[string]any{"query": `subscription { tick }`, "extensions": map[string]any{"resume": start.resume()}}))
		pause(1500 * time.Millisecond)
		if err := a.engine.Publish(t.Context(), long("tick").End()); err != nil {
			t.Fatal(err)
		}
		a.tick(long("tick"), 1000)
		pause(time.Minute)
		wait()
		got := again.ticked()
		seen := firsts(got.numbers)
		if len(seen) != 300 || !slices.IsSorted(seen) || !strings.Contains(got.ended, "complete") {
			t.Errorf("%d first occurrences, sorted %v, ended %q", len(seen), slices.IsSorted(seen), got.ended)
		}
		t.Logf("%d repeats", len(got.numbers)-len(seen))
		if rows := a.listed("tick"); len(rows) > 0 {
			t.Errorf("rows %v", rows)
		}
	})
}

func firsts(numbers []int) []int {
	var seen []int
	known := map[int]bool{}
	for _, n := range numbers {
		if !known[n] {
			known[n] = true
			seen = append(seen, n)
		}
	}
	return seen
}

// A client that resumes in the middle of a storm of events misses nothing, keeps the
// order, and gets few repeats.
func TestResumeAmongManyEvents(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		a := besieged(t)
		c := a.dial(protocol)
		c.resume("1", `subscription { tick }`)
		start := c.ticked()
		a.leave(c)
		var next atomic.Int64
		publish := func(n int) {
			for range n {
				a.tick(long("tick"), int(next.Add(1))-1)
			}
		}
		publish(2000)
		again := a.dial(protocol)
		a.pusher.slow(again.id(), time.Millisecond)
		wait := again.sendAside(again.requesting("1", map[string]any{"query": `subscription { tick }`, "extensions": map[string]any{"resume": start.resume()}}))
		for range 300 {
			publish(3)
			pause(10 * time.Millisecond)
		}
		wait()
		pause(time.Minute)
		got := again.ticked()
		seen := firsts(got.numbers)
		if len(seen) != int(next.Load()) || !slices.IsSorted(seen) || got.ended != "" {
			t.Errorf("%d of %d, sorted %v, ended %q", len(seen), next.Load(), slices.IsSorted(seen), got.ended)
		}
		repeats := len(got.numbers) - len(seen)
		t.Logf("%d events, %d repeats", len(seen), repeats)
		if repeats > 500 {
			t.Errorf("%d repeats without a reason", repeats)
		}
	})
}

// Of a resumption with a gap, on a busy topic, Initial runs, as core.After promises.
func TestGapWithInitialOnABusyTopic(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		h, _ := kept(t)
		c := h.dial(protocol)
		c.resume("1", `subscription { first }`)
		before := c.ticked()
		h.tick(ticks("tick"), 1)
		for n := range 60 {
			h.tick(ticks("tick"), n)
		}
		again := h.dial(protocol)
		h.store.afterNext("AddOperation", func() { h.tick(ticks("tick"), 100); pause(time.Second) })
		again.resume("2", `subscription { first }`, before.resume()...)
		pause(5 * time.Second)
		got := again.ticked()
		if got.ended != "" || !slices.Contains(got.numbers, -1) {
			t.Errorf("got %v, ended by %s", got.numbers, got.ended)
		}
	})
}

// Two subscriptions with one ID that resume at once.
func TestResumeTwiceAtOnce(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		a := besieged(t)
		c := a.dial(protocol)
		c.resume("1", `subscription { tick }`)
		start := c.ticked()
		a.leave(c)
		for n := range 300 {
			a.tick(long("tick"), n)
		}
		again := a.dial(protocol)
		a.pusher.slow(again.id(), 10*time.Millisecond)
		message := again.requesting("1", map[string]any{"query": `subscription { tick }`, "extensions": map[string]any{"resume": start.resume()}})
		first := again.message(message)
		done := make(chan error, 1)
		go func() { done <- again.engine.Receive(t.Context(), first) }()
		pause(time.Second)
		again.send(message)
		<-done
		pause(time.Minute)
		got := again.ticked()
		t.Logf("%d numbers, %d first, ended %q, closed %v, rows %d", len(got.numbers), len(firsts(got.numbers)), got.ended, again.socket.Closed(), len(a.listed("tick")))
		a.tick(long("tick"), 1000)
		pause(time.Second)
		if again.socket.Closed() == nil {
			expectNumbers(t, "then", again.ticked().numbers, 1000)
		}
		if protocol == modern && again.socket.Closed() == nil {
			t.Error("an ID in use was taken")
		}
	})
}

// Positions that the server has not given are refused, or said to be a gap; whoever sends
// them gets everything that is published from then on.
func TestForgedPositions(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		h, _ := kept(t)
		c := h.dial(protocol)
		c.resume("1", `subscription { both }`)
		h.tick(ticks("tick"), 1)
		h.tick(ticks("tock"), 2)
		positions := c.ticked().positions
		var tick, tock string
		for key, position := range positions {
			if key == fmt.Sprintf("%08x", fnv32("tick")) {
				tick = position
			} else {
				tock = position
			}
		}
		key, epoch := tick[:8], strings.Split(tick, ".")[1]
		_, tockMark, _ := strings.Cut(tock, ".")
		h.tick(ticks("tick"), 3)
		for name, position := range map[string]string{
			"another topic's":     key + "." + tockMark,
			"of another epoch":    key + ".AAAAAAAAAAAAAAAAAAAAAAAAAA." + strings.Split(tick, ".")[2],
			"far ahead":           key + "." + epoch + ".zzzzzzzzzzzz",
			"huge":                key + "." + epoch + "." + strings.Repeat("z", 512-len(key+"."+epoch+".")),
			"of zero bytes":       key + "." + epoch + "." + strings.Repeat("\x00", 400),
			"of bytes after it":   tick + strings.Repeat("\x00", 100),
			"without position":    key + "." + epoch + ".",
			"negative":            key + "." + epoch + ".-1",
			"of Unicode":          key + "." + epoch + ".\U0010ffff",
			"of a percent":        key + "." + epoch + ".%s%d",
			"an epoch of nothing": key + ".." + strings.Split(tick, ".")[2],
		} {
			other := h.dial(protocol)
			other.resume("1", `subscription { tick }`, position)
			start := other.ticked()
			h.tick(ticks("tick"), 4)
			after := other.ticked()
			t.Logf("%-20s got %v, ended %.150q, then %v", name, start.numbers, start.ended, after.numbers)
			if start.ended == "" && !slices.Contains(after.numbers, 4) {
				t.Errorf("%s: misses what was published afterwards", name)
			}
			if start.ended == "" && name == "far ahead" && !slices.Contains(start.numbers, 3) {
				t.Errorf("%s: 3 is missed in silence", name)
			}
			if start.ended == "" && slices.Contains(start.numbers, 2) {
				t.Errorf("%s: got an event of another topic", name)
			}
		}
	})
}

func fnv32(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// Clients with states of their own who catch up together each get what is theirs.
func TestCatchUpIsolatesStates(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		a := besieged(t, func(c *core.Config) {
			c.Hooks.OnInit = func(_ context.Context, payload json.RawMessage) (core.Session, error) {
				return core.Session{State: payload}, nil
			}
		})
		var all []*client
		for i := range 100 {
			c := a.open(protocol)
			c.send(fmt.Sprintf(`{"type":"connection_init","payload":{"n":%d}}`, i%10))
			c.expect(`{"type":"connection_ack"}`)
			c.subscribe("1", `subscription { who }`)
			all = append(all, c)
			a.pusher.slow(c.id(), -1)
		}
		for n := range 200 {
			a.tick(long("tick"), n)
		}
		pause(10 * time.Second)
		for _, c := range all {
			a.pusher.slow(c.id(), 0)
		}
		pause(time.Minute)
		for i, c := range all {
			frames := c.received()
			if len(frames) < 200 {
				t.Fatalf("%d got %d frames", i, len(frames))
			}
			for _, f := range frames {
				if !strings.Contains(f, fmt.Sprintf(`{\"n\":%d}`, i%10)) {
					t.Fatalf("%d got %s", i, f)
				}
			}
		}
	})
}
