package core_test

import (
	"context"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// recordingBus keeps what is published.
type recordingBus struct{ events []ports.Event }

func (b *recordingBus) Publish(_ context.Context, events ...ports.Event) error {
	b.events = append(b.events, events...)
	return nil
}

func TestShardsReachEverySubscriberOnce(t *testing.T) {
	t.Parallel()
	big := core.NewTopic[string]("big", core.Shards(4))
	bus := &recordingBus{}
	f := newFan(t, func(c *core.Config) {
		c.Bus = bus
		c.Schema = subscriptionSchema("big", &graphql.Field{
			Type:      graphql.String,
			Subscribe: func(p graphql.ResolveParams) (any, error) { return big.Subscribe(p.Context) },
			Resolve:   func(p graphql.ResolveParams) (any, error) { return big.Payload(p.Context) },
		})
	})
	clients := f.crowd(40, "big")
	if err := f.Publish(t.Context(), big.Event("x")); err != nil {
		t.Fatal(err)
	}
	if err := f.Publish(t.Context(), big.End()); err != nil {
		t.Fatal(err)
	}
	if len(bus.events) != 8 || bus.events[0].ID != bus.events[3].ID || bus.events[0].ID == bus.events[4].ID {
		t.Fatalf("published %d events, want the event and its end on 4 shards, each with one ID", len(bus.events))
	}
	for _, event := range bus.events {
		if err := f.Deliver(t.Context(), []ports.Event{event})[0]; err != nil {
			t.Fatal(err)
		}
	}
	for _, client := range clients {
		equalFrames(t, f.pushed.take(client.ID), []string{next("1", "big", "x"), `{"id":"1","type":"complete"}`})
	}
}

func TestShardsSpreadConnections(t *testing.T) {
	t.Parallel()
	big := core.NewTopic[string]("big", core.Shards(4))
	f := newFan(t, func(c *core.Config) {
		c.Schema = subscriptionSchema("big", &graphql.Field{
			Type:      graphql.String,
			Subscribe: func(p graphql.ResolveParams) (any, error) { return big.Subscribe(p.Context) },
			Resolve:   func(p graphql.ResolveParams) (any, error) { return big.Payload(p.Context) },
		})
	})
	f.crowd(400, "big")
	bus := &recordingBus{}
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: bus})
	if err != nil {
		t.Fatal(err)
	}
	if err := publisher.Publish(t.Context(), big.Event("x")); err != nil {
		t.Fatal(err)
	}
	for _, event := range bus.events {
		name := event.Topic
		page, err := f.store.Store.ListSubscribers(t.Context(), name, ports.PageRequest{Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(page.Subscribers); n < 50 || n > 150 {
			t.Errorf("%s has %d of 400 subscribers", name, n)
		}
	}
}

func TestTopicsAreChecked(t *testing.T) {
	t.Parallel()
	bus := &recordingBus{}
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: bus})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"":                        "must not be empty",
		strings.Repeat("x", 2001): "at most 2000 bytes, not 2001",
		"\xff":                    "valid UTF-8",
	} {
		for what, err := range map[string]error{
			"Publish": publisher.Publish(t.Context(), core.NewTopic[any](name).Event(1)),
			"End":     publisher.Publish(t.Context(), core.NewTopic[any]("fine").Event(1), core.NewTopic[any](name).End()),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s on %.10q: %v, want %q", what, name, err, want)
			}
		}
	}
	if err := publisher.Publish(t.Context(), core.NewTopic[any]("fine").Event(make(chan int))); err == nil || !strings.Contains(err.Error(), `payload for topic "fine"`) {
		t.Errorf("a payload without a JSON: %v", err)
	}
	if len(bus.events) > 0 {
		t.Errorf("published %d events", len(bus.events))
	}
}

func TestShardsAreChecked(t *testing.T) {
	t.Parallel()
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: &recordingBus{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, -1} {
		topic := core.NewTopic[string]("big", core.Shards(n))
		if err := publisher.Publish(t.Context(), topic.Event("x")); err == nil || !strings.Contains(err.Error(), `core.Shards: n must be positive`) {
			t.Errorf("Publish with %d shards: %v", n, err)
		}
		if _, err := topic.Subscribe(t.Context()); err == nil || !strings.Contains(err.Error(), `core.Shards: n must be positive`) {
			t.Errorf("Subscribe with %d shards: %v", n, err)
		}
	}
}
