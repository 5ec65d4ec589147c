package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// The rules of graphql-transport-ws are from PROTOCOL.md of the npm package
// graphql-ws, those of the legacy graphql-ws from PROTOCOL.md of
// subscriptions-transport-ws and its reference server. docs/protocols.md names
// these tests.

func TestHandshakeSelectsTheSubprotocol(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		offered []string
		want    string
	}{
		{[]string{"graphql-transport-ws"}, "graphql-transport-ws"},
		{[]string{"graphql-ws"}, "graphql-ws"},
		{[]string{"graphql-ws", "graphql-transport-ws"}, "graphql-transport-ws"},
		{[]string{"mqtt", "graphql-ws"}, "graphql-ws"},
		{[]string{"GraphQL-Transport-WS", "graphql-ws"}, "GraphQL-Transport-WS"},
	} {
		h := newHarness(t)
		accepted, err := h.engine.Connect(t.Context(), ports.Handshake{Address: ports.Address{ID: "1"}, Protocols: test.offered})
		if err != nil || accepted.Protocol != test.want {
			t.Errorf("%q: got %q, %v, want %q", test.offered, accepted.Protocol, err, test.want)
		}
	}
}

func TestHandshakeWithoutSubprotocolIsRefusedWith4406(t *testing.T) {
	t.Parallel()
	for _, offered := range [][]string{nil, {""}, {"graphql"}, {"mqtt", "soap"}} {
		h := newHarness(t)
		_, err := h.engine.Connect(t.Context(), ports.Handshake{Address: ports.Address{ID: "1"}, Protocols: offered})
		var refusal *ports.Refusal
		if !errors.As(err, &refusal) || refusal.Code != 4406 || refusal.Status != 400 {
			t.Errorf("%q: got %v, want a refusal with 4406", offered, err)
		}
		h.store.expectCalls(t)
	}
}

func TestHandshakeRefusedByOnConnect(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		hook    func() error
		refusal *ports.Refusal
		errors  []string
	}{
		{"with a reason", func() error { return core.Public("no") }, &ports.Refusal{Status: 403, Code: 4403, Reason: "no"}, nil},
		{"with extensions", func() error { return &ports.PublicError{Message: "no", Extensions: map[string]any{"code": "OUT"}} },
			&ports.Refusal{Status: 403, Code: 4403, Reason: "no", Extensions: map[string]any{"code": "OUT"}}, nil},
		{"with a status", func() error { return fmt.Errorf("hook: %w", &ports.PublicError{Status: 401}) },
			&ports.Refusal{Status: 401, Code: 4403, Reason: "Forbidden"}, nil},
		{"by a failure", func() error { return errors.New("no database") }, nil, []string{"no database"}},
		{"by a panic", func() error { return throw("string") }, nil, []string{"thrown"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, func(config *core.Config) {
				config.Hooks.OnConnect = func(context.Context, ports.Handshake) (core.Session, error) { return core.Session{}, test.hook() }
			})
			_, err := h.engine.Connect(t.Context(), ports.Handshake{Address: ports.Address{ID: "1"}, Protocols: []string{modern}})
			var refusal *ports.Refusal
			if found := errors.As(err, &refusal); err == nil || found != (test.refusal != nil) || found && !reflect.DeepEqual(refusal, test.refusal) {
				t.Errorf("got %v, want %v", err, test.refusal)
			}
			h.expectErrors(test.errors...)
			h.store.expectCalls(t)
		})
	}
}

func TestHandshakeMayBeRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).open(modern)
		handshake := c.handshake()
		pause(time.Second)
		if _, err := c.engine.Connect(t.Context(), handshake); err != nil {
			t.Errorf("a transport that lost the answer asked again and got %v", err)
		}
	})
}

func TestConnectionInitIsAcknowledged(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		for _, payload := range []string{``, `,"payload":null`, `,"payload":{}`, `,"payload":{"token":"t"}`} {
			c := newHarness(t).open(protocol)
			c.send(`{"type":"connection_init"` + payload + `}`)
			c.expect(`{"type":"connection_ack"}`)
			c.expectWorking()
		}
	})
}

func TestAckCarriesThePayloadOfOnInit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ack  any
		want string
	}{
		"an object": {map[string]any{"version": 2}, `{"type":"connection_ack","payload":{"version":2}}`},
		"a struct":  {session{"ada"}, `{"type":"connection_ack","payload":{"user":"ada"}}`},
		"nothing":   {nil, `{"type":"connection_ack"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				c := newHarness(t, onInit(core.Session{Ack: test.ack}, nil)).open(protocol)
				c.send(`{"type":"connection_init"}`)
				c.expect(test.want)
				c.expectNothing()
			})
		})
	}
	for name, ack := range map[string]any{"a string": "x", "a list": []int{}, "no JSON": func() {}} {
		t.Run("never "+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newHarness(t, onInit(core.Session{Ack: ack}, nil)).open(modern)
				c.send(`{"type":"connection_init"}`)
				c.expectClosed(1013, "Try again later")
			})
		})
	}
}

// onInit is an option whose OnInit answers with these.
func onInit(session core.Session, err error) func(*core.Config) {
	return func(config *core.Config) {
		config.Hooks.OnInit = func(context.Context, json.RawMessage) (core.Session, error) { return session, err }
	}
}

// initGate is an option whose OnInit waits until the channel is closed.
func initGate(gate <-chan struct{}, err error) func(*core.Config) {
	return func(config *core.Config) {
		config.Hooks.OnInit = func(context.Context, json.RawMessage) (core.Session, error) {
			<-gate
			return core.Session{}, err
		}
	}
}

func TestSecondConnectionInitClosesWith4429(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).dial(modern)
		c.send(`{"type":"connection_init"}`)
		c.expectClosed(4429, "Too many initialisation requests")
	})
}

func TestSecondConnectionInitWhileTheFirstIsBeingDecidedClosesWith4429(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		c := newHarness(t, initGate(gate, nil)).open(modern)
		wait := c.sendAside(`{"type":"connection_init"}`)
		c.send(`{"type":"connection_init"}`)
		c.expectClosed(4429, "Too many initialisation requests")
		close(gate)
		wait()
		c.expectClosed(4429, "Too many initialisation requests")
	})
}

// TestSecondConnectionInitInAnotherProcessClosesWith4429: what one process is
// deciding another knows only from the store.
func TestSecondConnectionInitInAnotherProcessClosesWith4429(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		h := newHarness(t, initGate(gate, nil))
		c := h.open(modern)
		wait := c.sendAside(`{"type":"connection_init"}`)
		h.config.Hooks.OnInit = nil
		if err := h.process().Receive(t.Context(), c.message(`{"type":"connection_init"}`)); err != nil {
			t.Fatal(err)
		}
		c.expect(`{"type":"connection_ack"}`)
		close(gate)
		wait()
		c.expectClosed(4429, "Too many initialisation requests")
	})
}

func TestLegacySecondConnectionInitIsIgnored(t *testing.T) {
	t.Parallel()
	t.Run("after the ack", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newHarness(t).dial(legacy)
			c.send(`{"type":"connection_init"}`)
			c.expectNothing()
			c.expectWorking()
		})
	})
	t.Run("while the first is being decided", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			c := newHarness(t, initGate(gate, nil)).open(legacy)
			wait := c.sendAside(`{"type":"connection_init"}`)
			c.send(`{"type":"connection_init"}`)
			c.expectNothing()
			close(gate)
			wait()
			c.expect(`{"type":"connection_ack"}`)
			c.expectWorking()
		})
	})
	t.Run("although OnInit would refuse it", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newHarness(t, refuseWithoutToken).open(legacy)
			c.send(`{"type":"connection_init","payload":{"token":"t"}}`)
			c.expect(`{"type":"connection_ack"}`)
			c.send(`{"type":"connection_init"}`)
			c.expectNothing()
			c.expectWorking()
		})
	})
}

// refuseWithoutToken is an option whose OnInit refuses what has no payload.
func refuseWithoutToken(config *core.Config) {
	config.Hooks.OnInit = func(_ context.Context, payload json.RawMessage) (core.Session, error) {
		if payload == nil {
			return core.Session{}, core.Public("no token")
		}
		return core.Session{}, nil
	}
}

func TestSecondConnectionInitClosesWith4429AlthoughOnInitWouldRefuseIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t, refuseWithoutToken).open(modern)
		c.send(`{"type":"connection_init","payload":{"token":"t"}}`)
		c.expect(`{"type":"connection_ack"}`)
		c.send(`{"type":"connection_init"}`)
		c.expectClosed(4429, "Too many initialisation requests")
	})
}

// TestConnectionInitHandedOverAgainIsNoSecondOne: a transport that lost the
// engine's answer repeats the message with the same RequestID.
func TestConnectionInitHandedOverAgainIsNoSecondOne(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).open(protocol)
		message := c.message(`{"type":"connection_init"}`)
		for range 2 {
			if err := c.engine.Receive(t.Context(), message); err != nil {
				t.Fatal(err)
			}
			c.expect(`{"type":"connection_ack"}`)
		}
		c.expectWorking()
	})
}

func TestRefusedConnectionInitClosesWith4403(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 100)
	for _, test := range []struct {
		name   string
		err    error
		code   int
		reason string
	}{
		{"with a reason", core.Public("no"), 4403, "no"},
		{"without one", core.Public(""), 4403, "Forbidden"},
		{"wrapped", fmt.Errorf("hook: %w", core.Public("no")), 4403, "no"},
		{"with a code", &ports.PublicError{Code: 4001, Message: "token expired"}, 4001, "token expired"},
		{"with a reason longer than a close frame", core.Public("%s", long), 4403, long[:122]},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				c := newHarness(t, onInit(core.Session{}, test.err)).open(protocol)
				c.send(`{"type":"connection_init"}`)
				if protocol == legacy {
					var refused *ports.PublicError
					errors.As(test.err, &refused)
					reason := refused.Message
					if reason == "" {
						reason = test.reason
					}
					c.expectConnectionError(reason)
				}
				c.expectClosed(test.code, test.reason)
				c.expectErrors()
			})
		})
	}
}

// TestFailedConnectionInitAsksToTryAgain: a failure that is not the client's
// must not keep it away for good, as 4403 does.
func TestFailedConnectionInitAsksToTryAgain(t *testing.T) {
	t.Parallel()
	for name, hook := range map[string]func() error{
		"an error": func() error { return errors.New("thrown") },
		"a panic":  func() error { return throw("error") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				c := newHarness(t, func(config *core.Config) {
					config.Hooks.OnInit = func(context.Context, json.RawMessage) (core.Session, error) { return core.Session{}, hook() }
				}).open(protocol)
				c.send(`{"type":"connection_init"}`)
				if protocol == legacy {
					c.expectConnectionError("Try again later")
				}
				c.expectClosed(1013, "Try again later")
				c.expectErrors("thrown")
			})
		})
	}
}

func TestNoConnectionInitInTimeClosesWith4408(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).open(protocol)
		c.expire()
		c.expectClosed(4408, "Connection initialisation timeout")
		c.expire()
	})
}

func (c *client) expire() {
	c.t.Helper()
	if err := c.engine.ExpireInit(c.t.Context(), c.socket.Address()); err != nil {
		c.t.Fatal(err)
	}
}

func TestInitTimeoutSparesAnInitialisedConnection(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.expire()
		c.expectWorking()
	})
}

func TestInitTimeoutSparesAConnectionInItsInit(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		gate := make(chan struct{})
		c := newHarness(t, initGate(gate, nil)).open(protocol)
		wait := c.sendAside(`{"type":"connection_init"}`)
		c.expire()
		close(gate)
		wait()
		c.expect(`{"type":"connection_ack"}`)
		c.expectWorking()
	})
}

func TestSubscribeBeforeAckClosesWith4401(t *testing.T) {
	t.Parallel()
	t.Run("without connection_init", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newHarness(t).open(modern)
			c.subscribe("1", `subscription { a }`)
			c.expectClosed(4401, "Unauthorized")
		})
	})
	t.Run("while connection_init is being decided", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			c := newHarness(t, initGate(gate, nil)).open(modern)
			wait := c.sendAside(`{"type":"connection_init"}`)
			c.subscribe("1", `subscription { a }`)
			c.expectClosed(4401, "Unauthorized")
			close(gate)
			wait()
			c.expectClosed(4401, "Unauthorized")
		})
	})
}

// TestLegacyStartWithoutConnectionInitIsAConnectionError, once the wait for one
// that it may have overtaken is over.
func TestLegacyStartWithoutConnectionInitIsAConnectionError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).open(legacy)
		before := time.Now()
		c.subscribe("1", `subscription { a }`)
		if waited := time.Since(before); waited < 3*time.Second || waited > 4*time.Second {
			t.Errorf("it took %v", waited)
		}
		c.expectConnectionError("connection_init must come first")
		c.expectNothing()
		c.send(`{"type":"connection_init"}`)
		c.expect(`{"type":"connection_ack"}`)
		c.expectWorking()
	})
}

func TestLegacyStartWaitsForTheVerdict(t *testing.T) {
	t.Parallel()
	t.Run("and begins with a yes", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			c := newHarness(t, initGate(gate, nil)).open(legacy)
			waitInit := c.sendAside(`{"type":"connection_init"}`)
			waitStart := c.sendAside(c.subscribing("1", `{ hello }`))
			c.expectNothing()
			close(gate)
			waitInit()
			waitStart()
			c.expect(`{"type":"connection_ack"}`)
			c.expectNext("1", `{"data":{"hello":"world"}}`)
			c.expectComplete("1")
		})
	})
	t.Run("and is dropped with a no", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			c := newHarness(t, initGate(gate, core.Public("no"))).open(legacy)
			waitInit := c.sendAside(`{"type":"connection_init"}`)
			waitQuery := c.sendAside(c.subscribing("1", `{ blocked }`))
			waitStart := c.sendAside(c.subscribing("2", `subscription { a }`))
			close(gate)
			waitInit()
			waitQuery()
			waitStart()
			c.expectConnectionError("no")
			c.expectClosed(4403, "no")
			if executed := c.stage.count("blocked"); executed != 0 || len(c.listed("a")) != 0 {
				t.Errorf("executed %d times, listed %q", executed, c.listed("a"))
			}
		})
	})
	t.Run("that it overtook", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newHarness(t).open(legacy)
			init := c.message(`{"type":"connection_init"}`)
			wait := c.sendAside(c.subscribing("1", `{ hello }`))
			pause(2 * time.Second)
			if err := c.engine.Receive(t.Context(), init); err != nil {
				t.Fatal(err)
			}
			wait()
			c.expect(`{"type":"connection_ack"}`)
			c.expectNext("1", `{"data":{"hello":"world"}}`)
			c.expectComplete("1")
		})
	})
}

func TestPingIsAnsweredByPong(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{``, `,"payload":{}`, `,"payload":{"at":[1,"é"]}`} {
		// A ping on a legacy connection is none of that protocol's messages. It
		// is answered all the same: no client of that protocol sends it.
		both(t, func(t *testing.T, protocol string) {
			c := newHarness(t).open(protocol)
			c.store.expectCalls(t, "CreateConnection")
			c.send(`{"type":"ping"` + payload + `}`)
			c.expect(`{"type":"pong"` + payload + `}`)
			c.store.expectCalls(t, "GetConnection") // see TestLostConnectionIsClosed
			// It was no connection_init.
			c.expire()
			c.expectClosed(4408, "Connection initialisation timeout")
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).dial(modern)
		c.send(`{"type":"ping","payload":null}`)
		c.expect(`{"type":"pong"}`)
		c.expectWorking()
	})
}

func TestUnaskedPongIsIgnored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).open(modern)
		c.store.expectCalls(t, "CreateConnection")
		c.send(`{"type":"pong"}`)
		c.send(`{"type":"pong","payload":{"at":1}}`)
		c.expectNothing()
		c.store.expectCalls(t, "GetConnection", "GetConnection")
	})
}

func TestInvalidMessageClosesWith4400(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		`hello`, `[]`, `{}`, `{"type":"hello"}`, `{"type":"start","id":"1","payload":{"query":"{ hello }"}}`,
		`{"type":"subscribe","payload":{"query":"{ hello }"}}`, `{"type":"subscribe","id":1,"payload":{"query":"{ hello }"}}`,
		`{"type":"subscribe","id":"1"}`, `{"type":"subscribe","id":"1","payload":{}}`, `{"type":"complete"}`,
		`{"type":"ping","payload":"x"}`, `{"type":"pong","payload":[]}`, `{"type":"connection_init","payload":"x"}`,
		`{"Type":"ping"}`, `{"type":"ping"}{}`,
	} {
		for _, acknowledged := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s acknowledged %t", data, acknowledged), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c := newHarness(t).open(modern)
					if acknowledged {
						c.send(`{"type":"connection_init"}`)
						c.expect(`{"type":"connection_ack"}`)
					}
					c.send(data)
					closed := &memory.CloseError{}
					if !errors.As(c.socket.Closed(), &closed) || closed.Code != 4400 || closed.Reason == "" {
						t.Errorf("got %v, want 4400 with a reason", c.socket.Closed())
					}
				})
			})
		}
	}
}

func TestLegacyInvalidMessageIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).dial(legacy)
		for _, test := range []struct{ data, reason string }{
			{`hello`, "message is not a JSON object"},
			{`{}`, "message expects type to be a string"},
			{`{"type":"hello"}`, `invalid message type "hello"`},
			{`{"type":"subscribe"}`, `invalid message type "subscribe" of the subprotocol graphql-transport-ws: this connection speaks graphql-ws`},
			{`{"type":"start","payload":{"query":"{ hello }"}}`, "message expects id to be a string"},
			{`{"type":"connection_init","payload":[]}`, "message expects payload to be an object or null"},
		} {
			c.send(test.data)
			c.expectConnectionError(test.reason)
		}
		c.send(`{"type":"start","id":"1","payload":{}}`)
		c.expectError("1", "message expects payload.query to be a string")
		c.send(`{"type":"start","id":"","payload":{}}`)
		c.expectError("", "message expects payload.query to be a string")
		c.expectWorking()
	})
}

func TestLegacyConnectionTerminateCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).dial(legacy)
		c.subscribe("1", `subscription { a }`)
		c.send(`{"type":"connection_terminate"}`)
		c.expectClosed(1000, "")
		c.expectCompletions("1 disconnect")
	})
}

func TestUnknownConnectionIsClosedWith1001(t *testing.T) {
	t.Parallel()
	for _, data := range []string{`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":"{ hello }"}}`, `hello`} {
		both(t, func(t *testing.T, protocol string) {
			c := newHarness(t).open(protocol)
			if _, err := c.store.Store.DeleteConnection(t.Context(), c.id()); err != nil {
				t.Fatal(err)
			}
			c.send(data)
			c.expectClosed(1001, "Unknown connection")
		})
	}
}

// TestLostConnectionIsClosed: a store that has lost its rows leaves no client that is
// silent for ever, whatever it says. Where the transport has a keepalive, that finds the
// loss, and pings cost no read.
func TestLostConnectionIsClosed(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		`{"type":"ping"}`, `{"type":"pong"}`, `{"type":"complete","id":"1"}`, `{"type":"complete","id":"2"}`, `{"type":"stop","id":"1"}`,
		`{"type":"subscribe","id":"2","payload":{"query":"{ hello }"}}`, `{"type":"start","id":"2","payload":{"query":"{ hello }"}}`,
	} {
		both(t, func(t *testing.T, protocol string) {
			c := lost(t, protocol)
			c.send(data)
			c.expectClosed(1001, "Unknown connection")
		})
	}
	both(t, func(t *testing.T, protocol string) {
		c := lost(t, protocol)
		c.sendKeptAlive(`{"type":"ping"}`)
		c.expect(`{"type":"pong"}`)
		c.store.expectCalls(t)
		c.keepAlive()
		c.expectClosed(1001, "Unknown connection")
	})
}

// lost is a client with a subscription, whose rows are gone.
func lost(t *testing.T, protocol string) *client {
	t.Helper()
	c := newHarness(t).dial(protocol)
	c.subscribe("1", `subscription { a }`)
	if _, err := c.store.Store.DeleteConnection(t.Context(), c.id()); err != nil {
		t.Fatal(err)
	}
	c.store.expectCalled(t, "", 0)
	return c
}

// TestEndedIdentityIsClosedAtItsNextPing.
func TestEndedIdentityIsClosedAtItsNextPing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t, func(config *core.Config) {
			config.Hooks.OnInit = func(context.Context, json.RawMessage) (core.Session, error) {
				return core.Session{Identity: "ada", NotAfter: time.Now().Add(time.Minute)}, nil
			}
		}).dial(protocol)
		pause(2 * time.Minute)
		c.send(`{"type":"ping"}`)
		c.expectClosed(4403, "The identity has ended")
	})
}

func TestQueriesAndMutationsEndWithComplete(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `{ hello }`)
		c.expectNext("1", `{"data":{"hello":"world"}}`)
		c.expectComplete("1")
		c.subscribe("2", `mutation { say(room: "r", text: "hi") }`)
		c.expectNext("2", `{"data":{"say":"hi"}}`)
		c.expectComplete("2")
		c.expectNothing()
		c.expectCompletions("1 server", "2 server")
	})
}

func TestErrorsWhileExecutingAreInsideNext(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `{ fails hello }`)
		c.expectNext("1", `{"data":{"fails":null,"hello":"world"},"errors":[{"message":"failed","locations":[{"line":1,"column":3}],"path":["fails"]}]}`)
		c.expectComplete("1")
		c.subscribe("2", `{ required }`)
		c.expectNext("2", `{"data":null,"errors":[{"message":"Cannot return null for non-nullable field Query.required.","locations":[{"line":1,"column":3}],"path":["required"]}]}`)
		c.expectComplete("2")
		c.subscribe("3", `subscription { failing }`)
		c.publish("a", 1)
		c.expectNext("3", `{"data":{"failing":null},"errors":[{"message":"failed","locations":[{"line":1,"column":16}],"path":["failing"]}]}`)
		c.publish("a", 1)
		c.next()
		c.expectNothing()
	})
}

// TestErrorsBeforeTheFirstResultAreError: the payload is a non-empty list, no
// complete follows, nothing is written, and the ID is free.
func TestErrorsBeforeTheFirstResultAreError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		payload map[string]any
		texts   []string
	}{
		{"syntax", query(`{ hello`), []string{"Syntax Error"}},
		{"an empty document", query(``), []string{"empty"}},
		{"nothing but a comment", query(`# hello`), []string{"empty"}},
		{"a fragment alone", query(`fragment f on Query { hello }`), []string{`Fragment "f" is never used.`}},
		{"a type definition", query(`{ hello } type T { a: String }`), nil},
		{"unknown fields", query(`{ nothing never }`), []string{`Cannot query field "nothing"`, `Cannot query field "never"`}},
		{"a missing argument", query(`{ greet }`), []string{`"name"`}},
		{"a missing variable", query(`query ($n: String!) { greet(name: $n) }`), []string{`"$n"`}},
		{"a variable of the wrong type", map[string]any{"query": `query ($n: Int!) { increment(number: $n) }`, "variables": map[string]any{"n": "x"}}, []string{`"$n"`}},
		{"a missing variable of a subscription", query(`subscription ($r: String!) { said(room: $r) }`), []string{`"$r"`}},
		{"an unknown operationName", map[string]any{"query": `query A { hello }`, "operationName": "B"}, []string{`no operation named "B"`}},
		{"a missing operationName", query(`query A { hello } query B { hello }`), []string{"operationName is required"}},
		{"a Subscribe resolver that refuses", query(`subscription { refused }`), []string{"not in this room"}},
		{"a Subscribe resolver that panics", query(`subscription { throwing }`), []string{"internal error"}},
		{"a Subscribe resolver without a topic", query(`subscription { none }`), []string{"registered no topic"}},
		{"an empty topic", query(`subscription { emptyTopic }`), []string{"must not be empty"}},
		{"a topic that is too long", query(`subscription { longTopic }`), []string{"at most 2000 bytes, not 2001"}},
		{"too many topics", query(`subscription { manyTopics }`), []string{"at most 50 topics"}},
		{"two root fields", query(`subscription { a counted }`), []string{"top level field"}},
		{"one root field twice", query(`subscription { x: a y: a }`), []string{"top level field"}},
		{"two root fields in fragments", query(`subscription { ...f ...g } fragment f on Subscription { a } fragment g on Subscription { counted }`), []string{"top level field"}},
		{"__typename beside the root field", query(`subscription { a __typename }`), []string{"top level field"}},
		{"nothing but __typename", query(`subscription { __typename }`), nil},
		{"a root field that is skipped", query(`subscription { a @skip(if: true) }`), []string{"leave none"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				c := newHarness(t).dial(protocol)
				c.send(c.requesting("1", test.payload))
				c.expectError("1", test.texts...)
				c.publish("a", "x")
				c.expectNothing()
				if listed := c.listed("a"); len(listed) > 0 {
					t.Errorf("listed %q", listed)
				}
				c.subscribe("1", `{ hello }`)
				c.expectNext("1", `{"data":{"hello":"world"}}`)
				c.expectComplete("1")
			})
		})
	}
}

func query(text string) map[string]any { return map[string]any{"query": text} }

func TestRefusedSubscribeWritesNothing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		for _, document := range []string{`{ nothing }`, `subscription { refused }`, `subscription { none }`} {
			c := newHarness(t).dial(protocol)
			c.store.expectCalls(t, "CreateConnection", "InitConnection")
			c.subscribe("1", document)
			c.store.expectCalls(t, "GetConnection")
		}
	})
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		payload map[string]any
		want    string
	}{
		{"leading space and comments", query("\n\t # subscription { a }\n { hello }"), `{"hello":"world"}`},
		{"a byte order mark", query("\uFEFF{ hello }"), `{"hello":"world"}`},
		{"a fragment", query(`fragment f on Query { hello } query { ...f }`), `{"hello":"world"}`},
		{"an inline fragment", query(`{ ... on Query { hello } ... @include(if: false) { greet(name: "x") } }`), `{"hello":"world"}`},
		{"an alias", query(`{ a: hello }`), `{"a":"world"}`},
		{"operationName", map[string]any{"query": `query A { a: hello } subscription B { a } query C { c: hello }`, "operationName": "C"}, `{"c":"world"}`},
		{"an empty operationName", map[string]any{"query": `query A { hello }`, "operationName": ""}, `{"hello":"world"}`},
		{"variables", map[string]any{"query": `query ($n: String!) { greet(name: $n) }`, "variables": map[string]any{"n": "ada"}}, `{"greet":"hello ada"}`},
		{"a variable's default", query(`query ($n: String = "ada") { greet(name: $n) }`), `{"greet":"hello ada"}`},
		{"characters of every kind", query(`{ greet(name: "\u0000<é\"😀") }`), `{"greet":"hello \u0000<é\"😀"}`},
		{"introspection", query(`{ __schema { subscriptionType { name } } }`), `{"__schema":{"subscriptionType":{"name":"Subscription"}}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				c := newHarness(t).dial(protocol)
				c.send(c.requesting("1", test.payload))
				c.expectNext("1", `{"data":`+test.want+`}`)
				c.expectComplete("1")
			})
		})
	}
}

func TestSubscriptionDocuments(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		payload map[string]any
		want    string
	}{
		{"leading space and comments", query("\n # query\n subscription { a }"), `{"a":"x"}`},
		{"a fragment before it", query(`fragment f on Subscription { a } subscription { ...f }`), `{"a":"x"}`},
		{"an alias", query(`subscription { b: a }`), `{"b":"x"}`},
		{"one field twice over", query(`subscription { a a }`), `{"a":"x"}`},
		{"operationName", map[string]any{"query": `query A { hello } subscription B { a }`, "operationName": "B"}, `{"a":"x"}`},
		{"a directive", query(`subscription { a @include(if: true) }`), `{"a":"x"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				c := newHarness(t).dial(protocol)
				c.send(c.requesting("1", test.payload))
				c.publish("a", "x")
				c.expectNext("1", `{"data":`+test.want+`}`)
				c.expectNothing()
			})
		})
	}
}

func TestAnyStringIsAnID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", " ", "1", "é😀", `"\/`, "a#b", "\u0000", strings.Repeat("x", 512)} {
		both(t, func(t *testing.T, protocol string) {
			c := newHarness(t).dial(protocol)
			quoted, err := json.Marshal(id)
			if err != nil {
				t.Fatal(err)
			}
			c.subscribe(id, `subscription { a }`)
			c.publish("a", "x")
			c.expect(fmt.Sprintf(`{"id":%s,"type":"%s","payload":{"data":{"a":"x"}}}`, quoted, c.pick("next", "data")))
			c.send(fmt.Sprintf(`{"id":%s,"type":%q}`, quoted, c.pick("complete", "stop")))
			c.publish("a", "x")
			if protocol == legacy {
				c.expect(fmt.Sprintf(`{"id":%s,"type":"complete"}`, quoted))
			}
			c.expectNothing()
		})
	}
}

// An ID that is longer costs the store nothing, whether or not its client was accepted.
func TestAnIDThatIsTooLongIsInvalid(t *testing.T) {
	t.Parallel()
	const invalid = "message expects id to be a string of at most 512 bytes"
	id := strings.Repeat("x", 513)
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t)
		for _, message := range []func(c *client) string{
			func(c *client) string { return c.subscribing(id, `subscription { a }`) },
			func(c *client) string { return c.completing(id) },
		} {
			for _, dial := range []func(string) *client{h.open, h.dial} {
				c := dial(protocol)
				c.send(message(c))
				if protocol == legacy {
					c.expectError(id, invalid)
				} else {
					c.expectClosed(4400, invalid)
				}
			}
		}
		h.store.expectCalled(t, "AddOperation", 0)
		h.store.expectCalled(t, "RemoveOperation", 0)
	})
}

func TestIDsArePerConnection(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t)
		one, two := h.dial(protocol), h.dial(modern)
		one.subscribe("1", `subscription { a }`)
		two.subscribe("1", `subscription { a }`)
		one.complete("1")
		one.expectStopped("1")
		h.publish("a", "x")
		one.expectNothing()
		two.expectNext("1", `{"data":{"a":"x"}}`)
	})
}

func TestDuplicateIDClosesWith4409(t *testing.T) {
	t.Parallel()
	const reason = "Subscriber for 1 already exists"
	for _, test := range []struct{ name, first, second string }{
		{"a subscription beside a subscription", `subscription { a }`, `subscription { a }`},
		{"a query beside a subscription", `subscription { a }`, `{ hello }`},
		{"a subscription beside a query", `{ blocked }`, `subscription { a }`},
		{"a query beside a query", `{ blocked }`, `{ hello }`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newHarness(t).dial(modern)
				wait := c.sendAside(c.subscribing("1", test.first))
				before := time.Now()
				c.subscribe("1", test.second)
				if waited := time.Since(before); waited > 1100*time.Millisecond {
					t.Errorf("it took %v", waited)
				}
				c.expectClosed(4409, reason)
				close(c.stage.gate)
				wait()
				c.expectClosed(4409, reason)
				c.expectCompletions("1 disconnect")
			})
		})
	}
	t.Run("with a reason that fits a close frame", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newHarness(t).dial(modern)
			id := strings.Repeat("é", 256)
			c.subscribe(id, `subscription { a }`)
			c.subscribe(id, `subscription { a }`)
			c.expectClosed(4409, ("Subscriber for " + id)[:123])
		})
	})
}

func TestLegacyDuplicateStartStopsTheOldOne(t *testing.T) {
	t.Parallel()
	t.Run("a subscription", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newHarness(t).dial(legacy)
			c.subscribe("1", `subscription { a }`)
			c.subscribe("1", `subscription { b: any }`)
			c.expectNothing()
			c.expectCompletions("1 client")
			c.publish("a", "x")
			c.expectNext("1", `{"data":{"b":"x"}}`)
			c.expectNothing()
		})
	})
	t.Run("a query", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newHarness(t).dial(legacy)
			wait := c.sendAside(c.subscribing("1", `{ blocked }`))
			c.subscribe("1", `subscription { a }`)
			close(c.stage.gate)
			wait()
			c.expectNothing()
			c.publish("a", "x")
			c.expectNext("1", `{"data":{"a":"x"}}`)
			c.expectCompletions("1 client")
		})
	})
}

func TestIDIsReusableAtOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		for range 3 {
			c.subscribe("1", `subscription { a }`)
			c.publish("a", "x")
			c.expectNext("1", `{"data":{"a":"x"}}`)
			c.complete("1")
			c.expectStopped("1")
			c.subscribe("1", `{ hello }`)
			c.expectNext("1", `{"data":{"hello":"world"}}`)
			c.expectComplete("1")
			c.subscribe("1", `{ nothing }`)
			c.expectError("1")
		}
		c.expectNothing()
	})
}

// TestIDIsReusableInTheSameInstant: API Gateway tells time in milliseconds, and a
// client may complete and subscribe within one.
func TestIDIsReusableInTheSameInstant(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { a }`)
		complete, subscribe := c.message(c.completing("1")), c.message(c.subscribing("1", `subscription { onB }`))
		subscribe.ReceivedAt = complete.ReceivedAt
		for _, message := range []ports.Message{complete, subscribe} {
			if err := c.engine.Receive(t.Context(), message); err != nil {
				t.Fatal(err)
			}
		}
		c.expectStopped("1")
		c.publish("b", "x")
		c.expectNext("1", `{"data":{"onB":"x"}}`)
		c.expectCompletions("1 client")
	})
}

// TestIDIsFreeBeforeTheClientHearsOfTheEnd: the client may use it again as soon
// as it has read the complete.
func TestIDIsFreeBeforeTheClientHearsOfTheEnd(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		go func() {
			for range 2 { // the result and complete
				if _, err := c.socket.Receive(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if err := c.store.Store.AddOperation(t.Context(), ports.Operation{
				Ref:     ports.OperationRef{Connection: c.id(), ID: "1"},
				Request: []byte("another"), ReceivedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
			}); err != nil {
				t.Errorf("the ID was not free: %v", err)
			}
		}()
		c.subscribe("1", `{ hello }`)
		synctest.Wait()
	})
}

func TestCompletedQuerySendsNoResult(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		wait := c.sendAside(c.subscribing("1", `{ blocked }`))
		c.complete("1")
		c.expectStopped("1")
		c.subscribe("1", `subscription { a }`) // the ID is free
		close(c.stage.gate)
		wait()
		c.expectNothing()
		c.publish("a", "x") // and the query's end is not the subscription's
		c.expectNext("1", `{"data":{"a":"x"}}`)
		c.expectCompletions("1 client")
	})
}

func TestCompleteIsNotEchoed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).dial(modern)
		c.subscribe("1", `subscription { a }`)
		c.complete("1")
		c.expectNothing()
		c.publish("a", "x")
		c.expectNothing()
		c.expectCompletions("1 client")
	})
}

func TestLegacyStopIsAnsweredByComplete(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).dial(legacy)
		c.subscribe("1", `subscription { a }`)
		c.complete("1")
		c.expectComplete("1")
		c.publish("a", "x")
		c.expectNothing()
		c.expectCompletions("1 client")
	})
}

// TestLegacyCompleteIsAStopWithoutAnAnswer: it is none of that protocol's
// messages from a client. To know better would take a read.
func TestLegacyCompleteIsAStopWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).dial(legacy)
		c.subscribe("1", `subscription { a }`)
		c.send(`{"id":"1","type":"complete"}`)
		c.publish("a", "x")
		c.expectNothing()
		c.expectCompletions("1 client")
	})
}

func TestCompleteOfAnUnknownIDIsIgnored(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.complete("never")
		c.subscribe("1", `{ hello }`)
		c.expectNext("1", `{"data":{"hello":"world"}}`)
		c.expectComplete("1")
		c.complete("1")
		c.complete("1")
		c.expectNothing()
		c.expectWorking()
	})
}

func TestCompleteThatOvertakesItsSubscribeCancelsIt(t *testing.T) {
	t.Parallel()
	for _, document := range []string{`subscription { a }`, `{ blocked }`, `subscription { initial }`} {
		both(t, func(t *testing.T, protocol string) {
			c := newHarness(t).dial(protocol)
			subscribe := c.message(c.subscribing("1", document))
			c.complete("1")
			c.expectNothing()
			if err := c.engine.Receive(t.Context(), subscribe); err != nil {
				t.Fatal(err)
			}
			c.publish("a", "x")
			c.expectStopped("1")
			c.expectCompletions("1 client")
			if executed := c.stage.count("blocked"); executed > 0 {
				t.Errorf("executed %d times", executed)
			}
		})
	}
}

// TestCompleteThatOvertakesASecondSubscribeCancelsItToo: received were subscribe,
// complete, subscribe, complete; the last is handled second.
func TestCompleteThatOvertakesASecondSubscribeCancelsItToo(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		messages := []ports.Message{}
		for range 2 {
			messages = append(messages, c.message(c.subscribing("1", `subscription { a }`)), c.message(c.completing("1")))
		}
		for _, received := range []int{0, 3, 2, 1} {
			if err := c.engine.Receive(t.Context(), messages[received]); err != nil {
				t.Fatal(err)
			}
		}
		if listed := c.listed("a"); len(listed) > 0 {
			t.Errorf("listed %q", listed)
		}
	})
}

// TestLegacyStartThatALaterOneOvertookIsDropped: the later one has stopped it.
func TestLegacyStartThatALaterOneOvertookIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).dial(legacy)
		first, second := c.message(c.subscribing("1", `subscription { onB }`)), c.message(c.subscribing("1", `subscription { a }`))
		for _, message := range []ports.Message{second, first} {
			if err := c.engine.Receive(t.Context(), message); err != nil {
				t.Fatal(err)
			}
		}
		c.expectNothing()
		c.publish("b", "x")
		c.publish("a", "x")
		c.expectNext("1", `{"data":{"a":"x"}}`)
		c.expectNothing()
	})
}

// TestSubscribeThatOvertakesACompleteWaitsForIt: its ID is in use only as long as
// the complete before it has not been handled.
func TestSubscribeThatOvertakesACompleteWaitsForIt(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { a }`)
		complete := c.message(c.completing("1"))
		wait := c.sendAside(c.subscribing("1", `subscription { any }`))
		pause(900 * time.Millisecond)
		if err := c.engine.Receive(t.Context(), complete); err != nil {
			t.Fatal(err)
		}
		wait()
		c.publish("b", "x")
		c.expectNext("1", `{"data":{"any":"x"}}`)
		c.expectNothing()
		c.expectCompletions("1 client")
	})
}

func TestNothingFollowsAnError(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { initialFails }`)
		c.expectError("1", "no beginning")
		c.publish("a", "x")
		c.complete("1")
		c.expectNothing()
		c.expectCompletions("1 error")
	})
}

func TestCompleteOfATopicEndsItsSubscriptions(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t)
		c, other := h.dial(protocol), h.dial(modern)
		c.subscribe("1", `subscription { a }`)
		c.subscribe("2", `subscription { any }`)
		c.subscribe("3", `subscription { odd }`)
		other.subscribe("1", `subscription { a }`)
		h.publish("a", "last")
		if err := h.engine.Publish(t.Context(), core.NewTopic[any]("a").End()); err != nil {
			t.Fatal(err)
		}
		h.publish("a", "late")
		c.expectNext("1", `{"data":{"a":"last"}}`)
		c.expectNext("2", `{"data":{"any":"last"}}`)
		c.expectComplete("1")
		c.expectComplete("2")
		c.expectNothing()
		other.expectNext("1", `{"data":{"a":"last"}}`)
		other.expectComplete("1")
		h.publish("b", "x")
		h.publish("numbers", 1)
		c.expectNext("3", `{"data":{"odd":"1"}}`)
		c.expectNothing()
		if got := len(h.completions()); got != 3 {
			t.Errorf("OnComplete received %q", h.completions())
		}
		c.subscribe("1", `subscription { a }`)
		h.publish("a", "again")
		c.expectNext("1", `{"data":{"a":"again"}}`)
	})
}

// TestEndOfATopicSparesALaterOperation: between a delivery's listing and its
// push the client may have completed and used the ID for something else.
func TestEndOfATopicSparesALaterOperation(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { a }`)
		c.store.afterNext("ListSubscribers", func() {
			c.complete("1")
			c.subscribe("1", `subscription { odd }`)
			pause(time.Millisecond)
		})
		if err := c.engine.Publish(t.Context(), core.NewTopic[any]("a").End()); err != nil {
			t.Fatal(err)
		}
		pause(time.Second)
		c.expectStopped("1")
		c.publish("numbers", 1)
		c.expectNext("1", `{"data":{"odd":"1"}}`)
	})
}

// TestEndOfATopicSparesAnOperationOnItsWay: the ID was completed and is being
// used again while the delivery of the end is under way.
func TestEndOfATopicSparesAnOperationOnItsWay(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { a }`)
		var again ports.Message
		c.store.afterNext("ListSubscribers", func() {
			c.complete("1")
			again = c.message(c.subscribing("1", `subscription { odd }`))
			pause(time.Millisecond)
		})
		if err := c.engine.Publish(t.Context(), core.NewTopic[any]("a").End()); err != nil {
			t.Fatal(err)
		}
		pause(time.Second)
		c.expectStopped("1")
		if err := c.engine.Receive(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		c.publish("numbers", 1)
		c.expectNext("1", `{"data":{"odd":"1"}}`)
	})
}

// TestEndOfATopicReachesAnOperationWhateverTheClocks: ReceivedAt is the
// transport's time, and may be ahead of the engine's.
func TestEndOfATopicReachesAnOperationWhateverTheClocks(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		message := c.message(c.subscribing("1", `subscription { a }`))
		message.ReceivedAt = message.ReceivedAt.Add(time.Second)
		if err := c.engine.Receive(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		if err := c.engine.Publish(t.Context(), core.NewTopic[any]("a").End()); err != nil {
			t.Fatal(err)
		}
		c.expectComplete("1")
		c.expectNothing()
	})
}

func TestTypedTopics(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { said(room: "r") }`)
		c.subscribe("2", `mutation { say(room: "r", text: "hi") }`)
		messages := map[string]bool{c.next(): true, c.next(): true, c.next(): true}
		for _, want := range []string{
			`{"id":"1","type":"` + c.pick("next", "data") + `","payload":{"data":{"said":"hi"}}}`,
			`{"id":"2","type":"` + c.pick("next", "data") + `","payload":{"data":{"say":"hi"}}}`, `{"id":"2","type":"complete"}`,
		} {
			if !messages[want] {
				t.Errorf("got %v, want %s", messages, want)
			}
		}
		if err := c.engine.Publish(t.Context(), room("other").Event(said{"elsewhere"})); err != nil {
			t.Fatal(err)
		}
		c.expectNothing()
		c.publish("room/r", "not a said")
		if got := c.next(); !strings.Contains(got, `"internal error"`) {
			t.Errorf("got %s", got)
		}
		c.expectErrors(`reading an event of topic "room/r" as core_test.said`)
	})
}

func TestAnEventOnEachOfSeveralTopicsArrivesOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { any }`)
		c.publish("a", "x")
		c.expectNext("1", `{"data":{"any":"x"}}`)
		c.publish("b", "y")
		c.expectNext("1", `{"data":{"any":"y"}}`)
		c.publish("c", "z")
		c.expectNothing()
		c.complete("1")
		c.expectStopped("1")
		if a, b := c.listed("a"), c.listed("b"); len(a)+len(b) > 0 {
			t.Errorf("still listed: %q, %q", a, b)
		}
	})
}

func TestOnlyAndExcept(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t)
		one, two := h.dial(protocol), h.dial(modern)
		one.subscribe("1", `subscription { a }`)
		two.subscribe("1", `subscription { a }`)
		h.publish("a", "x", core.Only(one.id()))
		one.expectNext("1", `{"data":{"a":"x"}}`)
		two.expectNothing()
		h.publish("a", "y", core.Except(one.id()))
		one.expectNothing()
		two.expectNext("1", `{"data":{"a":"y"}}`)
		h.publish("a", "z", core.Only(one.id(), two.id()), core.Except(two.id()))
		one.expectNext("1", `{"data":{"a":"z"}}`)
		two.expectNothing()
	})
}

func TestErrSkipSendsNothing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { number: odd }`)
		for number := range 4 {
			c.publish("numbers", number)
		}
		c.expectNext("1", `{"data":{"number":"1"}}`)
		c.expectNext("1", `{"data":{"number":"3"}}`)
		c.expectNothing()
		c.expectErrors()
	})
}

func TestInitial(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		field string
		want  []string
	}{
		{"initial", []string{"first", "x"}},
		{"initialSkips", []string{"x"}},
		{"initialHidden", []string{"x"}},
	} {
		both(t, func(t *testing.T, protocol string) {
			c := newHarness(t).dial(protocol)
			c.subscribe("1", `subscription { r: `+test.field+` }`)
			c.publish("a", "x")
			for _, want := range test.want {
				c.expectNext("1", `{"data":{"r":"`+want+`"}}`)
			}
			c.expectNothing()
		})
	}
}

// TestInitialMissesNothing: it runs when the subscription is in place, so that
// what is published meanwhile arrives.
func TestInitialMissesNothing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { initialPublish }`)
		got := map[string]bool{c.next(): true, c.next(): true}
		for _, text := range []string{"first", "second"} {
			if want := `{"id":"1","type":"` + c.pick("next", "data") + `","payload":{"data":{"initialPublish":"` + text + `"}}}`; !got[want] {
				t.Errorf("got %v, want %s", got, want)
			}
		}
		c.expectNothing()
	})
}

func TestInitialWithoutJSONEndsTheSubscription(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { initialNoJSON }`)
		c.expectError("1", "internal error")
		c.expectErrors("the initial result is not JSON")
		c.expectCompletions("1 error")
	})
}

func TestInitialThatPanicsEndsTheSubscription(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { initialPanics }`)
		c.expectError("1", "internal error")
		c.expectErrors("thrown")
		c.publish("a", "x")
		c.expectNothing()
		c.expectCompletions("1 error")
	})
}

func TestExecutionIsSharedAndPerSubscriberIsNot(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t)
		one, two := h.dial(protocol), h.dial(protocol)
		for _, c := range []*client{one, two} {
			c.subscribe("1", `subscription { counted }`)
			c.subscribe("2", `subscription { perSubscriber }`)
			c.subscribe("3", `subscription { byConnection }`)
		}
		h.publish("a", 0)
		for _, c := range []*client{one, two} {
			c.expectNext("1", `{"data":{"counted":"1"}}`)
			c.next()
			c.expectNext("3", `{"data":{"byConnection":"`+string(c.id())+`"}}`)
			c.expectNothing()
		}
		if got := h.stage.count("perSubscriber"); got != 2 {
			t.Errorf("PerSubscriber was executed %d times", got)
		}
	})
}

// users is an option whose OnInit keeps the user that the payload names.
func users(config *core.Config) {
	config.Hooks.OnInit = func(_ context.Context, payload json.RawMessage) (core.Session, error) {
		var state session
		err := json.Unmarshal(payload, &state)
		return core.Session{State: state}, err
	}
}

func (h *harness) dialAs(protocol, user string) *client {
	h.t.Helper()
	c := h.open(protocol)
	c.send(`{"type":"connection_init","payload":{"user":"` + user + `"}}`)
	c.expect(`{"type":"connection_ack"}`)
	return c
}

func TestStateIsVisibleToEveryResolver(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t, users)
		ada, bob, eve := h.dialAs(protocol, "ada"), h.dialAs(modern, "bob"), h.dialAs(protocol, "ada")
		ada.subscribe("1", `{ user }`)
		ada.expectNext("1", `{"data":{"user":"ada"}}`)
		ada.expectComplete("1")
		ada.subscribe("1", `subscription { mine }`)
		h.publish("of/ada", 1)
		if got := ada.next(); !strings.Contains(got, `"mine"`) {
			t.Errorf("got %s", got)
		}
		h.publish("of/bob", 1)
		for _, c := range []*client{ada, bob, eve} {
			c.expectNothing()
			c.subscribe("2", `subscription { byUser }`)
		}
		h.publish("a", 1)
		ada.expectNext("2", `{"data":{"byUser":"ada"}}`)
		bob.expectNext("2", `{"data":{"byUser":"bob"}}`)
		eve.expectNext("2", `{"data":{"byUser":"ada"}}`)
		if got := h.stage.count("byUser"); got != 2 {
			t.Errorf("executed %d times for two states", got)
		}
	})
}

func TestStateOfOnConnectReachesOnInitAndStays(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		var seen string
		c := newHarness(t, func(config *core.Config) {
			config.Hooks.OnConnect = func(context.Context, ports.Handshake) (core.Session, error) {
				return core.Session{State: session{"ada"}, Identity: "ada"}, nil
			}
			config.Hooks.OnInit = func(ctx context.Context, _ json.RawMessage) (core.Session, error) {
				state, err := core.StateAs[session](ctx)
				seen = state.User
				return core.Session{}, err
			}
		}).dial(protocol)
		if seen != "ada" {
			t.Errorf("OnInit saw %q", seen)
		}
		c.subscribe("1", `{ user }`)
		c.expectNext("1", `{"data":{"user":"ada"}}`)
	})
}

func TestOnSubscribeMayRefuse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		hook       func() error
		errors     []string
	}{
		{"with a reason", "no", func() error { return core.Public("no") }, nil},
		{"by a failure", "internal error", func() error { return errors.New("no database") }, []string{"no database"}},
		{"by a panic", "internal error", func() error { return throw("nil map") }, []string{"nil map"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				c := newHarness(t, func(config *core.Config) {
					config.Hooks.OnSubscribe = func(_ context.Context, request ports.Request) (ports.Request, error) { return request, test.hook() }
				}).dial(protocol)
				for _, document := range []string{`{ hello }`, `subscription { a }`, `{ nothing }`} {
					c.errors = nil
					c.subscribe("1", document)
					c.expectError("1", test.text)
					c.expectErrors(test.errors...)
				}
				c.expectNothing()
			})
		})
	}
}

func TestOnSubscribeMayReplaceTheRequest(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t, users, func(config *core.Config) {
			config.Hooks.OnSubscribe = func(ctx context.Context, request ports.Request) (ports.Request, error) {
				state, err := core.StateAs[session](ctx)
				if string(request.Extensions) == `{"persisted":"feed"}` {
					request.Query = `subscription ($r: String!) { said(room: $r) }`
					request.Variables, _ = json.Marshal(map[string]string{"r": state.User})
				}
				return request, err
			}
		}).dialAs(protocol, "ada")
		c.send(c.requesting("1", map[string]any{"query": "", "extensions": map[string]any{"persisted": "feed"}}))
		c.publish("room/ada", said{"hi"})
		c.expectNext("1", `{"data":{"said":"hi"}}`)
		c.expectWorking()
	})
}

func TestNewContextRunsOncePerExecution(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		var calls atomic.Int64
		c := newHarness(t, func(config *core.Config) {
			config.NewContext = func(ctx context.Context) context.Context {
				calls.Add(1)
				return ctx
			}
		}).dial(protocol)
		for _, test := range []struct {
			does string
			do   func()
			want int64
		}{
			{"a query of two fields", func() { c.subscribe("1", `{ hello greet(name: "x") }`) }, 1},
			{"a subscribe", func() { c.subscribe("2", `subscription { counted }`) }, 1},
			{"a subscribe with an initial result", func() { c.subscribe("3", `subscription { initial }`) }, 3},
			{"an event for two requests", func() { c.publish("a", 1) }, 2},
			{"a refused document", func() { c.subscribe("4", `{ nothing }`) }, 0},
		} {
			calls.Store(0)
			test.do()
			synctest.Wait()
			if got := calls.Load(); got != test.want {
				t.Errorf("%s: NewContext ran %d times, want %d", test.does, got, test.want)
			}
		}
	})
}

// loadersKey is under which NewContext keeps something for initialPrepared.
type loadersKey struct{}

// TestNewContextPreparesTheInitialResult: the function of Initial, and FormatError about
// its error, find what a resolver finds.
func TestNewContextPreparesTheInitialResult(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		var formatted any
		c := newHarness(t, func(config *core.Config) {
			config.NewContext = func(ctx context.Context) context.Context { return context.WithValue(ctx, loadersKey{}, "loaded") }
			config.Hooks.FormatError = func(ctx context.Context, err error) error {
				formatted = ctx.Value(loadersKey{})
				return err
			}
		}).dial(protocol)
		c.subscribe("1", `subscription { initialPrepared }`)
		c.expectError("1", "loaded")
		if formatted != "loaded" {
			t.Errorf("FormatError found %v", formatted)
		}
		c.expectErrors()
	})
}

// TestNewContextThatFailsBeforeTheInitialResult: for it alone.
func TestNewContextThatFailsBeforeTheInitialResult(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		calls := 0
		c := newHarness(t, func(config *core.Config) {
			config.NewContext = func(ctx context.Context) context.Context {
				if calls++; calls == 2 {
					return nil
				}
				return ctx
			}
			config.Hooks.FormatError = func(context.Context, error) error { return core.Public("of a resolver") }
		}).dial(protocol)
		c.subscribe("1", `subscription { initial }`)
		c.expectError("1", "internal error")
		c.expectNothing()
		c.expectErrors("NewContext")
		c.expectCompletions("1 error")
	})
}

func TestNewContextThatFailsIsAnInternalError(t *testing.T) {
	t.Parallel()
	for name, newContext := range map[string]func(context.Context) context.Context{
		"nil":     func(context.Context) context.Context { return nil },
		"a panic": func(ctx context.Context) context.Context { _ = throw("string"); return ctx },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				c := newHarness(t, func(config *core.Config) { config.NewContext = newContext }).dial(protocol)
				c.subscribe("1", `{ hello }`)
				c.expectNext("1", `{"data":null,"errors":[{"message":"internal error"}]}`)
				c.expectComplete("1")
				c.subscribe("2", `subscription { a }`)
				c.expectError("2", "internal error")
				c.expectNothing()
				c.expectErrors("NewContext", "NewContext")
			})
		})
	}
}

func TestHooksRunOncePerSubject(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		var connects, subscribes int
		c := newHarness(t, func(config *core.Config) {
			config.Hooks.OnConnect = func(context.Context, ports.Handshake) (core.Session, error) {
				connects++
				return core.Session{}, nil
			}
			config.Hooks.OnSubscribe = func(_ context.Context, request ports.Request) (ports.Request, error) {
				subscribes++
				return request, nil
			}
		}).dial(protocol)
		c.subscribe("query", `{ hello }`)
		c.subscribe("stopped", `subscription { a }`)
		c.subscribe("left", `subscription { any }`)
		c.complete("stopped")
		c.complete("stopped")
		c.publish("a", 1)
		for range 3 {
			c.disconnect()
		}
		c.complete("left")
		c.expectCompletions("query server", "stopped client", "left disconnect")
		if connects != 1 || c.inits != 1 || subscribes != 3 || len(c.gone) != 1 {
			t.Errorf("OnConnect %d, OnInit %d, OnSubscribe %d, OnDisconnect %d", connects, c.inits, subscribes, len(c.gone))
		}
		c.expectErrors()
	})
}

// TestHooksRunAgainForWhatIsHandedOverAgain: but not those of an end. Counts does what
// Hooks says of a program that counts.
func TestHooksRunAgainForWhatIsHandedOverAgain(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		var connects, subscribes int
		counts := map[ports.ConnectionID]int{}
		h := newHarness(t, func(config *core.Config) {
			onComplete, onDisconnect := config.Hooks.OnComplete, config.Hooks.OnDisconnect
			config.Hooks.OnConnect = func(context.Context, ports.Handshake) (core.Session, error) {
				connects++
				return core.Session{}, nil
			}
			config.Hooks.OnSubscribe = func(ctx context.Context, request ports.Request) (ports.Request, error) {
				subscribes++
				connection, _ := core.ConnectionFrom(ctx)
				counts[connection.ID()]++
				return request, nil
			}
			config.Hooks.OnComplete = func(ctx context.Context, completed core.Completed) {
				onComplete(ctx, completed)
				id := completed.Operation.Connection
				if counts[id]--; counts[id] <= 0 {
					delete(counts, id)
				}
			}
			config.Hooks.OnDisconnect = func(ctx context.Context, disconnected core.Disconnected) {
				onDisconnect(ctx, disconnected)
				delete(counts, disconnected.Connection.Address.ID)
			}
		})
		c := h.open(protocol)
		handshake := c.handshake()
		handshake.ReceivedAt = handshake.ReceivedAt.Add(time.Millisecond)
		handshake.Address.ID = "again"
		for range 2 {
			if _, err := h.engine.Connect(t.Context(), handshake); err != nil {
				t.Fatal(err)
			}
		}
		c.send(`{"type":"connection_init"}`)
		c.expect(`{"type":"connection_ack"}`)
		message := c.message(c.subscribing("1", `subscription { a }`))
		for range 3 {
			if err := h.process().Receive(t.Context(), message); err != nil {
				t.Fatal(err)
			}
		}
		if connects != 3 || subscribes != 3 || counts[c.id()] != 3 || len(h.listed("a")) != 1 {
			t.Errorf("OnConnect %d, OnSubscribe %d, counted %v, listed %q", connects, subscribes, counts, h.listed("a"))
		}
		c.complete("1")
		c.disconnect()
		h.expectCompletions("1 client")
		if len(h.gone) != 1 || len(counts) != 0 {
			t.Errorf("OnDisconnect %d, counted %v", len(h.gone), counts)
		}
		h.expectErrors()
	})
}

func (c *client) disconnect() {
	c.t.Helper()
	c.socket.HangUp()
	if err := c.engine.Disconnect(c.t.Context(), ports.Disconnection{Address: c.socket.Address(), Code: 1001, Reason: "away"}); err != nil {
		c.t.Fatal(err)
	}
}

func TestDisconnectEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { a }`)
		wait := c.sendAside(c.subscribing("2", `{ blocked }`))
		c.disconnect()
		close(c.stage.gate)
		wait()
		if listed := c.listed("a"); len(listed) > 0 {
			t.Errorf("listed %q", listed)
		}
		if len(c.completions()) != 2 || len(c.gone) != 1 {
			t.Fatalf("completions %q, disconnections %v", c.completions(), c.gone)
		}
		if gone := c.gone[0]; gone.Code != 1001 || gone.Reason != "away" || gone.Connection.Address.ID != c.id() {
			t.Errorf("OnDisconnect received %+v", gone)
		}
		c.expectErrors()
	})
}

// TestWhatIsGivenUpIsNoFailure: a resolver that ends because its client has left, and
// says so, is nothing that an operator is to read.
func TestWhatIsGivenUpIsNoFailure(t *testing.T) {
	t.Parallel()
	for _, document := range []string{`{ blocked }`, `subscription { held }`} {
		both(t, func(t *testing.T, protocol string) {
			c := newHarness(t).dial(protocol)
			message := c.message(c.subscribing("1", document))
			ctx, leave := context.WithCancel(t.Context())
			left := make(chan struct{})
			go func() {
				defer close(left)
				_ = c.engine.Receive(ctx, message) // nobody reads its error
			}()
			synctest.Wait()
			leave()
			<-left
			c.expectErrors()
		})
	}
}

func TestHooksThatPanicAreReported(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		var received []string
		c := newHarness(t, func(config *core.Config) {
			config.Hooks.OnComplete = func(context.Context, core.Completed) { _ = throw("string") }
			config.Hooks.OnDisconnect = func(context.Context, core.Disconnected) { _ = throw("number") }
			config.Hooks.OnError = func(_ context.Context, err error) {
				received = append(received, err.Error())
				_ = throw("nil map")
			}
		}).dial(protocol)
		c.expectWorking()
		c.disconnect()
		if want := []string{"OnComplete hook: panic: thrown", "OnDisconnect hook: panic: 7"}; fmt.Sprint(received) != fmt.Sprint(want) {
			t.Errorf("OnError received %q, want %q", received, want)
		}
	})
}

func TestMaxOperations(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t, func(config *core.Config) { config.MaxOperations = 2 })
		c := h.dial(protocol)
		c.subscribe("1", `subscription { a }`)
		wait := c.sendAside(c.subscribing("2", `{ blocked }`))
		c.subscribe("3", `subscription { a }`)
		c.expectError("3", "at most 2 operations")
		c.subscribe("3", `{ hello }`)
		c.expectError("3", "at most 2 operations")
		close(c.stage.gate)
		wait()
		c.expectNext("2", `{"data":{"blocked":"open"}}`)
		c.expectComplete("2")
		c.expectWorking()
	})
}

func TestAFrameThatIsTooLargeIsAnError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, document, ended string }{
		{"of a query", `{ long }`, "1 server"},
		{"of an initial result", `subscription { longInitial }`, "1 error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				small := must.Make(memory.NewPusher(memory.PusherConfig{MaxFrameBytes: 1024}))
				h := newHarness(t, func(config *core.Config) { config.Pusher = small })
				h.pusher = small
				c := h.dial(protocol)
				c.subscribe("1", test.document)
				c.expectError("1", "too large to be sent")
				c.publish("a", "x")
				c.expectNothing()
				c.expectCompletions(test.ended)
			})
		})
	}
}

func TestKeepAlive(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).open(protocol)
		c.keepAlive()
		c.expectNothing() // no ka before the ack
		c.send(`{"type":"connection_init"}`)
		c.expect(`{"type":"connection_ack"}`)
		c.keepAlive()
		if protocol == legacy {
			c.expect(`{"type":"ka"}`)
		}
		c.expectNothing()
	})
}

func (c *client) keepAlive() {
	c.t.Helper()
	if err := c.engine.KeepAlive(c.t.Context(), c.socket.Address()); err != nil {
		c.t.Fatal(err)
	}
}

// TestLegacyAckComesBeforeTheFirstKeepAlive, also where the interval ends between
// the decision and the ack.
func TestLegacyAckComesBeforeTheFirstKeepAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).open(legacy)
		c.store.afterNext("InitConnection", c.keepAlive)
		c.send(`{"type":"connection_init"}`)
		c.expect(`{"type":"connection_ack"}`)
	})
}

func TestConnectionsExpireWithoutKeepAlive(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t)
		idle, kept := h.dial(protocol), h.dial(modern)
		idle.subscribe("1", `subscription { a }`)
		kept.subscribe("1", `subscription { a }`)
		for range 4 {
			pause(time.Hour)
			kept.keepAlive()
		}
		h.publish("a", "x")
		kept.expectNext("1", `{"data":{"a":"x"}}`)
		idle.expectNothing()
		if listed := h.listed("a"); len(listed) != 1 {
			t.Errorf("listed %q", listed)
		}
		idle.keepAlive()
		idle.expectClosed(1001, "Unknown connection")
	})
}

// TestOperationLivesAsLongAsItsConnection, also where the connection's life was
// extended while the operation was on its way.
func TestOperationLivesAsLongAsItsConnection(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		var c *client
		c = newHarness(t, func(config *core.Config) {
			config.Hooks.OnSubscribe = func(_ context.Context, request ports.Request) (ports.Request, error) {
				c.keepAlive()
				return request, nil
			}
		}).dial(protocol)
		pause(2 * time.Hour) // of three
		c.subscribe("1", `subscription { a }`)
		if protocol == legacy {
			c.expect(`{"type":"ka"}`)
		}
		pause(90 * time.Minute)
		c.publish("a", "x")
		c.expectNext("1", `{"data":{"a":"x"}}`)
	})
}

func TestASocketThatIsGoneIsForgotten(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { a }`)
		c.socket.HangUp()
		c.send(`{"type":"ping"}`)
		if _, err := c.store.Store.GetConnection(t.Context(), c.id()); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("the connection is still kept: %v", err)
		}
		c.expectCompletions("1 disconnect")
		if len(c.gone) != 1 {
			t.Errorf("OnDisconnect ran %d times", len(c.gone))
		}
	})
}

func TestCloseConnectionPutsAClientOut(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { a }`)
		for range 2 {
			if err := c.engine.CloseConnection(t.Context(), c.id(), 4403, strings.Repeat("x", 200)); err != nil {
				t.Fatal(err)
			}
		}
		c.expectClosed(4403, strings.Repeat("x", 123))
		c.expectCompletions("1 disconnect")
		if len(c.gone) != 1 || c.gone[0].Code != 4403 {
			t.Errorf("OnDisconnect received %+v", c.gone)
		}
	})
}

// TestStoreCalls: what a message costs, in calls of the stores.
func TestStoreCalls(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).open(protocol)
		for _, test := range []struct {
			name  string
			do    func()
			calls []string
		}{
			{"$connect", func() {}, []string{"CreateConnection"}},
			{"connection_init", func() { c.send(`{"type":"connection_init"}`) }, []string{"InitConnection"}},
			{"ping", func() { c.send(`{"type":"ping"}`) }, []string{"GetConnection"}},
			{"ping where there is a keepalive", func() { c.sendKeptAlive(`{"type":"ping"}`) }, nil},
			{"subscribe", func() { c.subscribe("1", `subscription { any }`) }, []string{"GetConnection", "AddOperation"}},
			{"query", func() { c.subscribe("2", `{ hello }`) }, []string{"GetConnection", "AddOperation", "RemoveOperation"}},
			{"publish and deliver", func() { c.publish("a", 1) }, []string{"ListSubscribers"}},
			{"complete", func() { c.complete("1") }, map[string][]string{modern: {"RemoveOperation"}, legacy: {"GetConnection", "RemoveOperation"}}[protocol]},
			{"disconnect", c.disconnect, []string{"DeleteConnection"}},
		} {
			test.do()
			synctest.Wait()
			t.Log(test.name)
			c.store.expectCalls(t, test.calls...)
		}
	})
}
