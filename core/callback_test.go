package core_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// tagged is a pusher that finds its connections again.
type tagged struct{ ports.Pusher }

func (t *tagged) Tags(address ports.Address) []ports.Topic {
	return []ports.Topic{ports.Topic("fanql:tag:" + address.Endpoint)}
}

// A connection without a socket ends with its operation: nothing else would end it.
func TestCallbackEndsWithItsOperation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *core.Config) { c.Pusher = &tagged{c.Pusher} })
		c := &client{harness: h, protocol: "callback/1.0", socket: h.pusher.Open(ports.Address{ID: "1", Endpoint: "somewhere"})}
		accepted, err := h.engine.Connect(t.Context(), ports.Handshake{Address: c.socket.Address(), Callback: true})
		if err != nil || accepted.Protocol != "callback/1.0" {
			t.Fatal(accepted, err)
		}
		c.send(`{"type":"connection_init"}`)
		c.expect(`{"type":"connection_ack"}`)
		c.subscribe("of", `subscription { a }`)
		if got := h.listed("fanql:tag:somewhere"); !slices.Equal(got, []string{"1 of"}) {
			t.Errorf("by its tag, %q is found", got)
		}
		if err := h.engine.Publish(t.Context(), core.NewTopic[any]("a").End()); err != nil {
			t.Fatal(err)
		}
		h.expectCompletions("of server")
		c.expect(`{"id":"of","type":"complete"}`)
		if _, err := h.store.Store.GetConnection(t.Context(), "1"); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("the connection is still there: %v", err)
		}
		if len(h.gone) != 1 || len(h.listed("fanql:tag:somewhere")) != 0 {
			t.Errorf("OnDisconnect was called for %v", h.gone)
		}
	})
}

// No socket can have the protocol of a callback.
func TestSocketsOfferNoCallback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		_, err := h.engine.Connect(t.Context(), ports.Handshake{Address: ports.Address{ID: "1"}, Protocols: []string{"callback/1.0"}})
		if refusal, ok := errors.AsType[*ports.Refusal](err); !ok || refusal.Code != ports.CloseSubprotocol {
			t.Errorf("got %v", err)
		}
	})
}
