package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// withIdentity has every connection_init say who the client is, and for how long.
func withIdentity(c *core.Config) {
	c.Hooks.OnInit = func(_ context.Context, payload json.RawMessage) (core.Session, error) {
		var who struct {
			Name string
			For  time.Duration
		}
		if payload != nil {
			if err := json.Unmarshal(payload, &who); err != nil {
				return core.Session{}, err
			}
		}
		session := core.Session{Identity: who.Name}
		if who.For != 0 {
			session.NotAfter = time.Now().Add(who.For)
		}
		return session, nil
	}
}

// identify opens a socket as somebody.
func (h *harness) identify(protocol, payload string) *client {
	h.t.Helper()
	c := h.open(protocol)
	c.send(`{"type":"connection_init","payload":` + payload + `}`)
	return c
}

func (h *harness) admitted(protocol, payload string) *client {
	h.t.Helper()
	c := h.identify(protocol, payload)
	c.expect(`{"type":"connection_ack"}`)
	return c
}

func TestCloseIdentityPutsOutAllItsConnectionsAndNoOther(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t, withIdentity)
		first, second := h.admitted(protocol, `{"name":"ann"}`), h.admitted(protocol, `{"name":"ann"}`)
		other, nobody := h.admitted(protocol, `{"name":"anna"}`), h.dial(protocol)
		first.subscribe("1", `subscription { a }`)
		publisher, err := core.NewPublisher(core.PublisherConfig{Bus: h.config.Bus})
		if err != nil {
			t.Fatal(err)
		}
		if err := publisher.CloseIdentity(t.Context(), "ann", 4403, strings.Repeat("x", 200)); err != nil {
			t.Fatal(err)
		}
		first.expectClosed(4403, strings.Repeat("x", 123))
		second.expectClosed(4403, strings.Repeat("x", 123))
		h.expectCompletions("1 disconnect") // and nothing of an operation that no client has begun
		other.expectWorking()
		nobody.expectWorking()
		if len(h.gone) != 2 || h.gone[0].Connection.Identity != "ann" {
			t.Errorf("OnDisconnect received %+v", h.gone)
		}
		if left := h.listed("fanql:identity:ann"); len(left) > 0 {
			t.Errorf("left %q", left)
		}
	})
}

func TestCloseIdentityRefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	const size = "an identity must be UTF-8 of at most 1000 bytes"
	for identity, want := range map[string]string{"": "an identity must not be empty", strings.Repeat("x", 1001): size, "\xff": size} {
		expectInvalid(t, h.engine.CloseIdentity(t.Context(), identity, 4403, ""), "core.CloseIdentity", want)
	}
}

func TestCloseIdentityIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &awayStore{}
		h := newHarness(t, withIdentity, func(c *core.Config) { store.Store, c.Store = c.Store, store })
		clients := []*client{h.admitted(modern, `{"name":"ann"}`), h.admitted(modern, `{"name":"ann"}`)}
		events := []ports.Event{{
			ID: "1", Position: "1", Topic: "fanql:identity:ann", Kind: ports.EventDisconnect, Payload: []byte(`{"code":4403,"reason":"out"}`),
		}}
		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		h.store.afterNext("ListSubscribers", func() { pause(600 * time.Millisecond) })
		if verdicts := h.engine.Deliver(late, events); !errors.Is(verdicts[0], ports.ErrUnfinished) {
			t.Errorf("out of time: got %v", verdicts)
		}
		store.away = errors.New("the store is away")
		if verdicts := h.engine.Deliver(t.Context(), events); !errors.Is(verdicts[0], store.away) {
			t.Errorf("store away: got %v", verdicts)
		}
		store.away = nil
		if verdicts := h.engine.Deliver(t.Context(), events); verdicts[0] != nil {
			t.Errorf("got %v", verdicts)
		}
		for _, c := range clients {
			c.expectClosed(4403, "out")
		}
	})
}

// awayStore deletes no connection while it is away.
type awayStore struct {
	ports.Store
	away error
}

func (s *awayStore) DeleteConnection(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
	if s.away != nil {
		return ports.Removed{}, s.away
	}
	return s.Store.DeleteConnection(ctx, id)
}

func TestNamesOfTheEngineAreNotTheClients(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		for name, message := range map[string]func(c *client) string{
			"an operation": func(c *client) string { return c.subscribing("fanql:identity", `subscription { a }`) },
			"its end":      func(c *client) string { return c.completing("fanql:identity") },
		} {
			h := newHarness(t, withIdentity)
			c := h.admitted(protocol, `{"name":"ann"}`)
			c.send(message(c))
			if protocol == modern {
				c.expectClosed(4400, "id is reserved")
				continue
			}
			c.expectError("fanql:identity", "id is reserved")
			if listed := h.listed("fanql:identity:ann"); len(listed) != 1 {
				t.Errorf("%s: listed %q", name, listed)
			}
		}
	})
}

func TestTopicsOfTheEngineAreNotTheSchemas(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	err := h.engine.Publish(t.Context(), core.NewTopic[any]("fanql:identity:ann").Event(1))
	if err == nil || !strings.Contains(err.Error(), `must not begin with "fanql:"`) {
		t.Errorf("got %v", err)
	}
}

func TestConnectionsOfAnIdentityAreCounted(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t, withIdentity, func(c *core.Config) { c.MaxConnectionsPerIdentity = 2 })
		first, second := h.admitted(protocol, `{"name":"ann"}`), h.admitted(protocol, `{"name":"ann"}`)
		h.admitted(protocol, `{"name":"bob"}`)
		refused := func() {
			t.Helper()
			third := h.identify(protocol, `{"name":"ann"}`)
			if protocol == legacy {
				third.expectConnectionError("Too many connections")
			}
			third.expectClosed(4403, "Too many connections")
		}
		refused()
		probe := first.pick(`{"type":"ping"}`, `{"type":"ka"}`)
		first.expect(probe)
		second.expect(probe)
		second.socket.HangUp() // and no Disconnect is called
		h.admitted(protocol, `{"name":"ann"}`)
		first.expect(probe)
		refused()
		first.expect(probe)
		first.expectWorking()
	})
}

// slowProbes is a transport that takes a second for each push, and counts them.
type slowProbes struct {
	ports.Pusher
	on                bool
	mu                sync.Mutex
	pushes, now, most int
}

func (p *slowProbes) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	if !p.on {
		return p.Pusher.Push(ctx, to, frame)
	}
	p.mu.Lock()
	p.pushes++
	p.now++
	p.most = max(p.most, p.now)
	p.mu.Unlock()
	pause(time.Second)
	p.mu.Lock()
	p.now--
	p.mu.Unlock()
	return p.Pusher.Push(ctx, to, frame)
}

func TestConnectionsOfAnIdentityAreProbedSeveralAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		probes := &slowProbes{}
		h := newHarness(t, withIdentity, func(c *core.Config) {
			c.MaxConnectionsPerIdentity, c.PushConcurrency = 20, 8
			probes.Pusher, c.Pusher = c.Pusher, probes
		})
		others := make([]*client, 20)
		for i := range others {
			others[i] = h.admitted(modern, `{"name":"ann"}`)
		}
		probes.on = true
		began := time.Now()
		h.identify(modern, `{"name":"ann"}`).expectClosed(4403, "Too many connections")
		if took := time.Since(began).Truncate(time.Second); took != 3*time.Second || probes.pushes != 20 || probes.most != 8 {
			t.Errorf("%d probes, %d at a time, took %v, want 20, 8, 3s", probes.pushes, probes.most, took)
		}
		for _, other := range others[:10] {
			other.socket.HangUp() // and no Disconnect is called
		}
		began = time.Now()
		h.admitted(modern, `{"name":"ann"}`)
		if took := time.Since(began).Truncate(time.Second); took != 4*time.Second { // the last is the acknowledgement's
			t.Errorf("with 10 that are gone it took %v, want 4s", took)
		}
		if left := h.listed("fanql:identity:ann"); len(left) != 11 {
			t.Errorf("%d are left, want 11", len(left))
		}
	})
}

func TestAnIdentityCostsNoOperation(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t, withIdentity, func(c *core.Config) { c.MaxOperations = 2 })
		c := h.admitted(protocol, `{"name":"ann"}`)
		c.subscribe("1", `subscription { a }`)
		c.subscribe("2", `subscription { a }`)
		c.expectNothing()
		c.subscribe("3", `subscription { a }`)
		c.expectError("3", "at most 2 operations")
	})
}

func TestNothingReachesAConnectionWhoseIdentityHasEnded(t *testing.T) {
	t.Parallel()
	const closed = "The identity has ended"
	for name, then := range map[string]func(*client){
		"a message":      func(c *client) { c.send(c.subscribing("2", `{ hello }`)) },
		"an event":       func(c *client) { c.publish("a", "late") },
		"the keepalive":  func(c *client) { _ = c.engine.KeepAlive(c.t.Context(), c.socket.Address()) },
		"a second event": func(c *client) { c.publish("a", "late"); c.publish("a", "later") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				h := newHarness(t, withIdentity)
				other := h.dial(protocol)
				other.subscribe("1", `subscription { a }`)
				c := h.admitted(protocol, `{"name":"ann","for":60000000000}`)
				c.subscribe("1", `subscription { a }`)
				c.publish("a", "in time")
				c.expectNext("1", `{"data":{"a":"in time"}}`)
				pause(time.Minute)
				then(c)
				c.expectClosed(4403, closed)
				other.expectNext("1", `{"data":{"a":"in time"}}`)
				if slices.Contains(h.listed("a"), string(c.id())) {
					t.Error("its row is left")
				}
			})
		})
	}
}

// What is being prepared for an identity is given up when the keepalive finds that it has
// ended, as when a message does.
func TestTheKeepaliveEndsWhatIsPreparedForAnEndedIdentity(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t, withIdentity, obedient(make(chan struct{})))
		c := h.admitted(protocol, `{"name":"ann","for":60000000000}`)
		wait := c.burst(c.subscribing("1", `subscription { a }`))
		pause(time.Minute)
		c.keepAlive()
		wait()
		c.expectClosed(4403, "The identity has ended")
		c.expectCompletions("1 disconnect")
	})
}

func TestAnIdentityThatHasEndedBeforeItBegan(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t, withIdentity)
		c := h.identify(protocol, `{"name":"ann","for":-1}`)
		if protocol == legacy {
			c.expectConnectionError("The identity has ended")
		}
		c.expectClosed(4403, "The identity has ended")
	})
}

func TestAnIdentityMustFitATopic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, withIdentity)
		c := h.identify(modern, `{"name":"`+strings.Repeat("x", 1001)+`"}`)
		c.expectClosed(1013, "Try again later")
		h.expectErrors("identity must be UTF-8 of at most 1000 bytes")
	})
}

// A socket that cannot be closed for now keeps its rows, and the next event closes
// it; it receives nothing in between.
func TestAnEndedIdentityThatCannotBeClosedIsTriedAgain(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t, withIdentity, func(c *core.Config) { c.PushAttempts, c.PageSize = 1, 1 })
		pusher := &stuckPusher{Pusher: h.config.Pusher}
		h.config.Pusher = pusher
		engine := h.process()
		c := h.admitted(protocol, `{"name":"ann","for":60000000000}`)
		c.subscribe("1", `subscription { a }`)
		c.subscribe("2", `subscription { a }`) // on another page
		pause(time.Minute)
		events := []ports.Event{{ID: "1", Topic: "a", Kind: ports.EventData, Payload: []byte(`"late"`)}}
		pusher.stuck = true
		engine.Deliver(t.Context(), events)
		c.expectNothing()
		if len(h.listed("a")) != 2 {
			t.Error("rows are gone, and the socket is not")
		}
		pusher.stuck = false
		engine.Deliver(t.Context(), events)
		c.expectClosed(4403, "The identity has ended")
	})
}

// stuckPusher closes nothing while it is stuck.
type stuckPusher struct {
	ports.Pusher
	stuck bool
}

func (p *stuckPusher) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	if p.stuck {
		return &ports.Error{Op: "test.Close", Kind: ports.ErrThrottled}
	}
	return p.Pusher.Close(ctx, to, code, reason)
}
