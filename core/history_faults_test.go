package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

// On a bus that carries no catch-ups there is no history, and a subscriber who is not
// reached receives an error, or its connection is closed.
func TestDirectLeavesNobodyInSilence(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		var engine *core.Engine
		h, away := kept(t, func(c *core.Config) { c.History = nil })
		away.closes = true
		c := h.config
		c.Bus = must.Make(memory.NewDirect(func(ctx context.Context, events []ports.Event) []error { return engine.Deliver(ctx, events) }))
		engine = must.Make(core.New(c))
		one, other := h.dial(protocol), h.dial(protocol)
		one.subscribe("1", `subscription { tick }`)
		other.subscribe("1", `subscription { tick }`)
		away.only = one.id()
		away.begin(20 * time.Second)
		if err := engine.Publish(t.Context(), ticks("tick").Event(1)); err != nil {
			t.Errorf("the connection was closed, and Publish said %v", err)
		}
		pause(30 * time.Second)
		got := one.ticked()
		if !slices.Contains(got.numbers, 1) && got.ended == "" && one.socket.Closed() == nil {
			t.Error("the subscriber misses an event in silence")
		}
		expectNumbers(t, "the other", other.ticked().numbers, 1)
	})
}

// Of two calls at once on a bus without an order, the later event could be appended
// first, and hide the other.
func TestHistoryNeedsABusWithAnOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := kept(t)
		c := h.config
		c.Bus = must.Make(memory.NewDirect(func(context.Context, []ports.Event) []error { return nil }))
		if _, err := core.New(c); err == nil || !strings.Contains(err.Error(), "core.Config.History") {
			t.Errorf("got %v", err)
		}
	})
}

// slowHistory delays all calls.
type slowHistory struct {
	ports.History
	mu    sync.Mutex
	every time.Duration
}

func (s *slowHistory) wait(ctx context.Context) error {
	s.mu.Lock()
	every := s.every
	s.mu.Unlock()
	if every == 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(every):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slowHistory) Append(ctx context.Context, topic ports.Topic, events ...ports.Event) (string, error) {
	if err := s.wait(ctx); err != nil {
		return "", err
	}
	return s.History.Append(ctx, topic, events...)
}

func (s *slowHistory) Read(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
	if err := s.wait(ctx); err != nil {
		return nil, false, err
	}
	return s.History.Read(ctx, topic, from, limit)
}

func (s *slowHistory) Head(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
	if err := s.wait(ctx); err != nil {
		return ports.Mark{}, err
	}
	return s.History.Head(ctx, topic, keep)
}

// A client that is put out while it is behind gets nothing more.
func TestCloseIdentityWhileBehind(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		h, away := kept(t, withIdentity)
		c := h.admitted(protocol, `{"name":"ann"}`)
		c.subscribe("1", `subscription { tick }`)
		away.only = c.id()
		away.closes = true
		away.begin(20 * time.Second)
		h.tick(ticks("tick"), 1, 2)
		pause(5 * time.Second)
		publisher := must.Make(core.NewPublisher(core.PublisherConfig{Bus: h.config.Bus}))
		if err := publisher.CloseIdentity(t.Context(), "ann", 4403, "out"); err != nil {
			t.Fatal(err)
		}
		pause(5 * time.Minute)
		got := c.ticked()
		t.Logf("got %v, closed %v", got.numbers, c.socket.Closed())
		if c.socket.Closed() == nil {
			t.Error("it was not closed")
		}
		if len(got.numbers) > 0 {
			t.Errorf("got %v after its identity was put out", got.numbers)
		}
	})
}

// Whatever call of a history, store, bus or pusher fails, and how: nobody misses anything
// in silence, and the order holds.
func TestEachCallMayFail(t *testing.T) {
	for c, call := range []string{"Append", "Read", "Head", "MovePlace", "GetSubscriber", "AddOperation", "ListSubscribers", "Publish"} {
		for k, kind := range []portfault.Kind{portfault.Throttled, portfault.Timeout, portfault.LostAnswer, portfault.Partial, portfault.Duplicate} {
			for nth := range 6 {
				for i, times := range []int{1, 4, 8} {
					if raced && (c+k+nth)%3 != i {
						continue // each of a call, a kind and a time, with one number of failures
					}
					t.Run(fmt.Sprint(call, kind, nth, times), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							faults := portfault.New(portfault.Config{})
							var published int
							h, away := kept(t, func(c *core.Config) {
								process := faults.Process()
								c.History = process.History(c.History)
								c.Store = process.Store(c.Store.(*tappedStore))
								c.Bus = process.Bus(c.Bus)
							})
							name := fmt.Sprint(call, " ", kind, " ", nth, " x", times)
							gone, c, other := h.dial(modern), h.dial(modern), h.dial(modern)
							gone.resume("1", `subscription { tick }`)
							c.subscribe("1", `subscription { tick }`)
							other.subscribe("1", `subscription { tick }`)
							start := gone.ticked()
							_ = h.engine.Disconnect(t.Context(), disconnection(gone))
							away.only = c.id()
							away.begin(5 * time.Second)
							tick := func() {
								for {
									// the bus of tests repeats nothing: publish until it is taken
									if err := h.engine.Publish(t.Context(), ticks("tick").Event(published)); err == nil || !errors.Is(err, ports.ErrThrottled) && call != "Publish" {
										break
									} else if call == "Publish" {
										if errors.Is(err, portfault.ErrInjected) && kind == portfault.LostAnswer {
											break
										}
									}
								}
								published++
							}
							var plan []portfault.Kind
							for range times {
								plan = append(plan, kind)
							}
							for i := range 6 {
								if i == nth {
									faults.Plan(call, plan...)
								}
								tick()
								pause(700 * time.Millisecond)
							}
							again := h.dial(modern)
							message := again.message(again.requesting("1", map[string]any{"query": `subscription { tick }`, "extensions": map[string]any{"resume": start.resume()}}))
							if err := again.engine.Receive(t.Context(), message); err != nil {
								t.Logf("%s: Receive: %v", name, err)
								faults.Stop()
								return
							}
							pause(time.Minute)
							faults.Stop()
							tick()
							pause(2 * time.Minute)
							for who, client := range map[string]*client{"behind": c, "live": other, "resumed": again} {
								got := client.ticked()
								seen := firsts(got.numbers)
								if got.ended != "" || client.socket.Closed() != nil {
									continue
								}
								if len(seen) != published || !slices.IsSorted(seen) {
									t.Errorf("%s: %s got %v of %d, ended %q", name, who, got.numbers, published, got.ended)
								}
							}
						})
					})
				}
			}
		}
	}
}

// A subscriber who resumes on a sharded topic, by positions of two shards, or while the
// events of all shards come.
func TestShardedForgery(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		h, _ := kept(t)
		sharded := core.NewTopic[int]("sharded", core.Keep(50, time.Hour), core.Shards(8))
		all := map[string]string{}
		for range 40 {
			c := h.dial(protocol)
			c.resume("1", `subscription { sharded }`)
			maps.Copy(all, c.ticked().positions)
		}
		h.tick(sharded, 1, 2)
		var positions []string
		for _, p := range all {
			positions = append(positions, p)
		}
		t.Logf("%d shards", len(positions))
		c := h.dial(protocol)
		c.resume("1", `subscription { sharded }`, positions...)
		h.tick(sharded, 3)
		expectNumbers(t, "sharded", c.ticked().numbers, 1, 2, 3)
	})
}

// An event whose result is too large while catching up ends the operation, and is said.
func TestTooLargeWhileCatchingUp(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		a := besieged(t, func(c *core.Config) { c.MaxResponseBytes = 0 })
		c := a.dial(protocol)
		c.resume("1", `subscription { tick }`)
		start := c.ticked()
		a.leave(c)
		a.tick(long("tick"), 1, 2, 3)
		a.pusher.Pusher = tooLarge{a.pusher.Pusher, `2`}
		again := a.dial(protocol)
		again.resume("1", `subscription { tick }`, start.resume()...)
		got := again.ticked()
		if !slices.Equal(got.numbers, []int{1}) || !strings.Contains(got.ended, "error") || len(a.listed("tick")) > 0 {
			t.Errorf("got %v, ended %q, rows %v", got.numbers, got.ended, a.listed("tick"))
		}
	})
}

type tooLarge struct {
	ports.Pusher
	text string
}

func (p tooLarge) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	if strings.Contains(string(frame.AppendTo(nil)), `"tick":`+p.text) {
		return &ports.Error{Op: "test.Push", Kind: ports.ErrTooLarge}
	}
	return p.Pusher.Push(ctx, to, frame)
}

var _ = json.Marshal

// forgetful is a store that has lost the rows of connections, but not those of their
// operations: a crash can leave that behind.
type forgetful struct{ ports.Store }

func (forgetful) DeleteConnection(context.Context, ports.ConnectionID) (ports.Removed, error) {
	return ports.Removed{}, nil
}

// A client leaves while several of its operations are behind, and a crash has left their
// rows. The event that has them catch up removes them all.
func TestWhoLeavesWhileBehindLeavesNothing(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		h, away := kept(t, func(c *core.Config) { c.Store = forgetful{c.Store} })
		c := h.dial(protocol)
		c.subscribe("1", `subscription { tick }`)
		c.subscribe("2", `subscription { tick }`)
		c.subscribe("3", `subscription { tick }`)
		away.begin(20 * time.Second)
		h.tick(ticks("tick"), 1, 2)
		pause(5 * time.Second)
		if err := away.Pusher.Close(t.Context(), c.socket.Address(), ports.CloseNormal, ""); err != nil {
			t.Fatal(err)
		}
		pause(5 * time.Minute)
		if rows := h.listed("tick"); len(rows) > 0 {
			t.Errorf("the rows of %v are still there", rows)
		}
	})
}
