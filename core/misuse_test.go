package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// Mistakes of a Subscribe resolver end the subscription, and say what is wrong to
// OnError.
func TestMistakesOfSubscribeResolversAreNamed(t *testing.T) {
	t.Parallel()
	twice := core.Initial(func(context.Context) (any, error) { return nil, nil })
	for want, options := range map[string][]core.SubscribeOption{
		"core.Initial: given twice":               {twice, twice},
		`core.Where("Home", almost): `:            {core.Where("Home", "almost", 1)},
		`core.Where("Home", in): `:                {core.Where("Home", core.In, 1)},
		`core.Where("Goals", eq): `:               {core.Where("Goals", core.Eq, 1)},
		`core.Where("Home", ne): a string is nev`: {core.Where("Home", core.Ne, "1")},
		`core.Where("Home", eq): json: unsuppor`:  {core.Where("Home", core.Eq, func() {})},
	} {
		both(t, func(t *testing.T, protocol string) {
			c := newHarness(t, func(c *core.Config) {
				c.Schema = subscriptionSchema("score", scoreField(func(p graphql.ResolveParams) (any, error) {
					return scores.Subscribe(p.Context, options...)
				}))
			}).dial(protocol)
			c.subscribe("1", `subscription { score }`)
			c.expectError("1", "internal error")
			c.expectTold(want)
		})
	}
}

func TestWhatIsCalledOutsideOfTheEngineIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := scores.Subscribe(t.Context()); err == nil || !strings.Contains(err.Error(), "not called with the context of a Subscribe resolver") {
		t.Errorf("Subscribe: %v", err)
	}
	if _, err := scores.Payload(t.Context()); !errors.Is(err, core.ErrNoEvent) {
		t.Errorf("Payload: %v", err)
	}
	if _, err := core.StateAs[session](t.Context()); !errors.Is(err, core.ErrNoState) {
		t.Errorf("StateAs: %v", err)
	}
	if _, ok := core.EventFrom(t.Context()); ok {
		t.Error("there is an event")
	}
	if err := scores.Publish(t.Context(), Score{}); !errors.Is(err, core.ErrNoPublisher) {
		t.Errorf("Publish: %v", err)
	}
}

func TestWhatNoTopicMadeIsNotPublished(t *testing.T) {
	t.Parallel()
	bus := &recordingBus{}
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: bus})
	if err != nil {
		t.Fatal(err)
	}
	if err := publisher.Publish(t.Context(), scores.Event(Score{}), core.Event{}); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if len(bus.events) > 0 {
		t.Errorf("%d events were published", len(bus.events))
	}
}

func TestStateOfAnotherTypeIsAnError(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t, func(c *core.Config) {
			c.Hooks.OnConnect = func(context.Context, ports.Handshake) (core.Session, error) {
				return core.Session{State: []int{7}}, nil
			}
		}).dial(protocol)
		c.subscribe("1", `subscription { mine }`)
		c.expectError("1", "internal error")
		c.expectTold("connection state as core_test.session")
	})
}
