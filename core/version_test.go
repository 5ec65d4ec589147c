package core_test

import (
	"context"
	"testing"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/ports"
)

// While versions change, an engine meets what another version has written. None of it
// may keep the events that follow from their subscribers.

func TestEventsOfAnotherVersionAreDoneWith(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t)
		c := h.dial(protocol)
		c.subscribe("1", `subscription { a }`)
		verdicts := h.engine.Deliver(t.Context(), []ports.Event{
			{ID: "1", Topic: "a", Kind: "later"},
			{ID: "2", Topic: identity.Topic("ann"), Kind: ports.EventDisconnect, Payload: []byte(`[]`)},
			{ID: "3", Topic: "a", Kind: ports.EventData, Payload: []byte(`"x"`)},
		})
		for i, err := range verdicts {
			if err != nil {
				t.Errorf("event %d: %v", i, err)
			}
		}
		c.expectNext("1", `{"data":{"a":"x"}}`)
		h.expectErrors("reading whom to disconnect")
	})
}

func TestRowsOfAnotherVersionAreServedOrEnded(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		rewrite := func(operation ports.Operation) ports.Operation {
			switch operation.Ref.ID {
			case "request":
				operation.Request = []byte(`[]`)
			case "document":
				operation.Request = []byte(`{"query":"subscription { former }"}`)
			case "filters":
				operation.Filters = []byte(`[]`)
			}
			return operation
		}
		c := newHarness(t, func(c *core.Config) { c.Store = &rewritingStore{c.Store.(*tappedStore), rewrite} }).dial(protocol)
		for _, id := range []string{"request", "document", "filters"} {
			c.subscribe(id, `subscription { a }`)
		}
		c.publish("a", "x")
		c.expectError("request", "internal error")
		c.expectError("document", `Cannot query field "former"`)
		c.expectNext("filters", `{"data":{"a":"x"}}`)
		c.expectNothing()
	})
}

// rewritingStore changes operations before they are kept.
type rewritingStore struct {
	*tappedStore
	rewrite func(ports.Operation) ports.Operation
}

func (s *rewritingStore) AddOperation(ctx context.Context, operation ports.Operation) error {
	return s.tappedStore.AddOperation(ctx, s.rewrite(operation))
}
