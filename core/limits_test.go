package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

func TestAMessageOverItsSizeEndsTheConnection(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t, func(c *core.Config) { c.MaxMessageBytes = 1000 })
		c, other := h.dial(protocol), h.dial(protocol)
		c.send(c.subscribing("1", `{ hello } #`+strings.Repeat("x", 1000)))
		c.expectClosed(1009, "Message too big")
		other.expectWorking()
	})
}

func TestAFloodOfMessagesEndsTheConnection(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t, func(c *core.Config) {
			c.MaxMessagesPerSecond = 1
			c.Now = func() time.Time { return time.Unix(1_000_000_000, 0) }
		})
		c, other := h.dial(protocol), h.dial(protocol)
		for range 10 {
			c.send(c.completing("none"))
		}
		c.expectClosed(1008, "Too many messages")
		h.store.expectCalled(t, "DeleteConnection", 1)
		for range 10 { // what was on its way already costs nothing
			c.send(c.completing("none"))
		}
		h.store.expectCalled(t, "DeleteConnection", 0)
		other.expectWorking()
	})
}

// A flood whose connection could not be closed is answered again: otherwise the client
// would get neither results nor a close.
func TestAFloodThatCannotBeClosedIsTriedAgain(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		faults := portfault.New(portfault.Config{})
		h := newHarness(t, faulty(faults), func(c *core.Config) {
			c.MaxMessagesPerSecond, c.PushAttempts = 1, 1
			c.Now = func() time.Time { return time.Unix(1_000_000_000, 0) }
		})
		c := h.dial(protocol)
		for range 9 { // connection_init was the first of ten
			c.send(c.completing("none"))
		}
		faults.Plan("Close", portfault.Throttled, portfault.Throttled) // Receive tries to close it when that has failed
		if err := h.engine.Receive(t.Context(), c.message(c.completing("none"))); !errors.Is(err, ports.ErrThrottled) {
			t.Errorf("got error %v", err)
		}
		c.send(c.completing("none"))
		for c.socket.Queued() > 0 {
			c.next()
		}
		c.expectClosed(1008, "Too many messages")
	})
}

func TestAnOperationThatTheStoreCannotKeepIsRefused(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t, func(c *core.Config) { c.Store = smallStore{c.Store} })
		c := h.dial(protocol)
		c.subscribe("1", `subscription { a }`)
		c.expectError("1", "the operation is too large to be kept")
		c.expectWorking()
		h.expectCompletions("1 error", "working server")
	})
}

// smallStore keeps no subscription.
type smallStore struct{ ports.Store }

func (s smallStore) AddOperation(ctx context.Context, operation ports.Operation) error {
	if len(operation.Topics) > 0 {
		return &ports.Error{Op: "AddOperation", Kind: ports.ErrTooLarge}
	}
	return s.Store.AddOperation(ctx, operation)
}

func TestDocumentsHaveLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *core.Config) { c.MaxDepth, c.MaxAliases, c.DisableIntrospection = 1, 2, true })
		for query, want := range map[string]string{
			`{ __schema { types { name } } }`: "more than 1 deep",
			`{ x: hello y: hello z: hello }`:  "more than 2 aliases",
			`{ __type(name: "Query") }`:       "introspection is not allowed",
			`{ x: hello __typename }`:         `"data"`,
		} {
			answer, err := h.engine.Execute(t.Context(), ports.Request{Query: query})
			if err != nil || !strings.Contains(string(answer.Body), want) {
				t.Errorf("%s: got %s (%v), want %s", query, answer.Body, err, want)
			}
		}
	})
}

func TestTrustedDocumentsAreNamed(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		documents := core.ByHash(`query Hello { hello }`, `subscription { a }`)
		hash := ""
		for id, text := range documents {
			if strings.HasPrefix(text, "query") {
				hash = id
			}
		}
		documents["feed"] = `subscription { a }`
		for _, only := range []bool{false, true} {
			h := newHarness(t, func(c *core.Config) { c.TrustedDocuments, c.OnlyTrusted = documents, only })
			c := h.dial(protocol)
			for _, payload := range []map[string]any{
				{"documentId": hash},
				{"query": "", "documentId": hash},
				{"extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hash}}},
				{"query": "", "extensions": map[string]any{"persistedQuery": hash}},
				{"query": `query Hello { hello }`},
			} {
				c.send(c.requesting("1", payload))
				c.expectNext("1", `{"data":{"hello":"world"}}`)
				c.expectComplete("1")
			}
			c.send(c.requesting("1", map[string]any{"documentId": "feed"}))
			c.publish("a", "x")
			c.expectNext("1", `{"data":{"a":"x"}}`)
			c.send(c.requesting("2", map[string]any{"documentId": "missing"}))
			c.expectError("2", "PersistedQueryNotFound")
			c.send(c.requesting("2", map[string]any{"query": `{ hello }`}))
			if only {
				c.expectError("2", "only trusted documents are executed here")
			} else {
				c.expectNext("2", `{"data":{"hello":"world"}}`)
				c.expectComplete("2")
			}
			c.send(c.requesting("3", map[string]any{"extensions": map[string]any{"other": 1}}))
			if want := "the document is empty"; only {
				c.expectError("3", "only trusted documents")
			} else {
				c.expectError("3", want)
			}
			answer, err := h.engine.Execute(t.Context(), ports.Request{DocumentID: hash})
			if err != nil || string(answer.Body) != `{"data":{"hello":"world"}}` {
				t.Errorf("over HTTP: got %s (%v)", answer.Body, err)
			}
			if answer, err = h.engine.Execute(t.Context(), ports.Request{Query: `{ user }`}); err != nil || (answer.Outcome == ports.Rejected) != only {
				t.Errorf("over HTTP: got %s (%v)", answer.Body, err)
			}
		}
	})
}

func TestTheOldWayToMissAQueryIsStillInvalid(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.send(c.requesting("1", map[string]any{"documentId": 7}))
		if protocol == modern {
			c.expectClosed(4400, "message expects payload.documentId to be a string")
		} else {
			c.expectError("1", "payload.documentId to be a string")
		}
	})
}

func TestWhatIsTooLargeIsReplaced(t *testing.T) {
	t.Parallel()
	const smaller = `{"data":null,"extensions":{"fetch":"1"}}`
	type hook func(context.Context, ports.OperationRef, json.RawMessage) (json.RawMessage, error)
	returns := func(body string) hook {
		return func(_ context.Context, ref ports.OperationRef, response json.RawMessage) (json.RawMessage, error) {
			if ref.ID != "1" || !json.Valid(response) {
				return nil, errors.New("asked about something else")
			}
			return json.RawMessage(body), nil
		}
	}
	for name, test := range map[string]struct {
		hook hook
		sent bool
	}{
		"nobody is asked":        {nil, false},
		"with something smaller": {returns(smaller), true},
		"with as much":           {returns(`{"data":"` + strings.Repeat("x", 4096) + `"}`), false},
		"with no object":         {returns(` 7`), false},
		"with no JSON":           {returns(`{`), false},
		"with nothing but space": {returns(" "), false},
		"with an error": {func(context.Context, ports.OperationRef, json.RawMessage) (json.RawMessage, error) {
			return nil, errors.New("no")
		}, false},
		"with a panic": {func(context.Context, ports.OperationRef, json.RawMessage) (json.RawMessage, error) { panic("no") }, false},
	} {
		for what, operation := range map[string]string{
			"a query": `{ long }`, "an initial result": `subscription { longInitial }`, "an event": `subscription { a }`,
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				both(t, func(t *testing.T, protocol string) {
					h := newHarness(t, func(c *core.Config) { c.Hooks.OnTooLarge = test.hook }, small)
					c := h.dial(protocol)
					c.subscribe("1", operation)
					if what == "an event" {
						c.publish("a", strings.Repeat("x", 4096))
					}
					if !test.sent {
						c.expectError("1", "the result is too large to be sent")
					} else {
						c.expectNext("1", smaller)
						if what == "an event" {
							c.publish("a", "small")
							c.expectNext("1", `{"data":{"a":"small"}}`)
						}
					}
				})
			})
		}
	}
}

// small has a transport that carries a kilobyte.
func small(c *core.Config) {
	c.Pusher = smallPusher{c.Pusher.(*memory.Pusher)}
}

type smallPusher struct{ *memory.Pusher }

func (p smallPusher) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	if frame.Len() > 1024 {
		return &ports.Error{Op: "test.Push", Kind: ports.ErrTooLarge}
	}
	return p.Pusher.Push(ctx, to, frame)
}
