package fanqltest_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqltest"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

func TestNewFailsWithoutWhatItNeeds(t *testing.T) {
	for name, test := range map[string]struct {
		config core.Config
		want   string
	}{
		"no schema":      {core.Config{}, "core.Config.Schema is required"},
		"another pusher": {core.Config{Schema: feedSchema(t), Pusher: deafPusher{}}, "core.Config.Pusher must embed a *memory.Pusher, but is a fanqltest_test.deafPusher"},
	} {
		t.Run(name, func(t *testing.T) {
			record(t, func(tb *recorder) { fanqltest.New(tb, test.config) }).failed(t, test.want)
		})
	}
}

type deafPusher struct{ ports.Pusher }

func TestABusIsShared(t *testing.T) {
	bus := must.Make(memory.New(memory.Config{})).Bus
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: bus})
	if err != nil {
		t.Fatal(err)
	}
	server := fanqltest.New(t, core.Config{Schema: feedSchema(t), Bus: bus})
	feed := server.Connect(t).Subscribe(feedOfA)
	if err := publisher.Publish(t.Context(), core.NewTopic[any]("a").Event("1")); err != nil {
		t.Fatal(err)
	}
	equal(t, "next", fanqltest.Next[string](feed), "1")
}

// directBus delivers while it publishes, and cannot be pulled from.
type directBus struct{ deliver ports.DeliverFunc }

func (b *directBus) Publish(ctx context.Context, events ...ports.Event) error {
	return errors.Join(b.deliver(ctx, events)...)
}

func TestABusThatIsNoSource(t *testing.T) {
	bus := &directBus{}
	config := core.Config{Schema: feedSchema(t), Bus: bus}
	server := fanqltest.New(t, config)
	bus.deliver = server.Engine.Deliver
	feed := server.Connect(t).Subscribe(feedOfA)
	publish(t, server, "a", "1")
	equal(t, "next", fanqltest.Next[string](feed), "1")

	record(t, func(tb *recorder) { fanqltest.New(tb, config).Flush(tb) }).
		failed(t, "cannot tell when everything is delivered: the bus, a *fanqltest_test.directBus, has no Flush")
}

// smallPusher takes no long frames.
type smallPusher struct{ *memory.Pusher }

func (p smallPusher) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	if frame.Len() > 100 {
		return &ports.Error{Op: "smallPusher.Push", Kind: ports.ErrTooLarge}
	}
	return p.Pusher.Push(ctx, to, frame)
}

func TestAPusherThatFails(t *testing.T) {
	server := fanqltest.New(t, core.Config{
		Schema: feedSchema(t), Pusher: smallPusher{must.Make(memory.NewPusher(memory.PusherConfig{}))},
	})
	feed := server.Connect(t).Subscribe(feedOfA)
	publish(t, server, "a", strings.Repeat("x", 100))
	equal(t, "error", feed.Errors()[0].Message, "the result is too large to be sent")
}

// brokenStore cannot list, and remembers that it was asked.
type brokenStore struct{ *memory.Store }

func (brokenStore) ListSubscribers(context.Context, ports.Topic, ports.PageRequest) (ports.Page, error) {
	return ports.Page{}, errors.New("no listing today")
}

func TestAnEventThatIsGivenUpFailsTheTest(t *testing.T) {
	r := record(t, func(tb *recorder) {
		store := brokenStore{must.Make(memory.New(memory.Config{})).Store}
		server := fanqltest.New(tb, core.Config{Schema: feedSchema(tb), Store: store})
		publish(tb, server, "a", "1")
		server.Flush(tb)
	})
	r.failed(t, `an event of topic "a" could not be delivered: no listing today`)
}

func TestTheEnginesReportsGoToTheTestsOutput(t *testing.T) {
	r := record(t, func(tb *recorder) {
		server := fanqltest.New(tb, core.Config{Schema: feedSchema(tb), Hooks: core.Hooks{
			OnInit: func(context.Context, json.RawMessage) (core.Session, error) {
				return core.Session{}, errors.New("the user table is locked")
			},
		}})
		equal(tb, "code", server.Refused(tb).Code, 1013)
	})
	if len(r.failures) > 0 || !strings.Contains(r.output.String(), "the user table is locked") {
		t.Errorf("failures %q, output %q", r.failures, r.output.String())
	}
}

func TestClientsLeaveWithTheirTest(t *testing.T) {
	var left []ports.ConnectionID
	server := fanqltest.New(t, core.Config{Schema: feedSchema(t), Hooks: core.Hooks{
		OnDisconnect: func(_ context.Context, d core.Disconnected) { left = append(left, d.Connection.Address.ID) },
	}})
	var client *fanqltest.Client
	t.Run("a part of the test", func(t *testing.T) { client = server.Connect(t) })
	if len(left) != 1 || left[0] != client.Address.ID {
		t.Errorf("%v have left, want %v", left, client.Address.ID)
	}
}

func TestCleanupsOfTheTestMayStillUseTheServer(t *testing.T) {
	r := record(t, func(tb *recorder) {
		server := newServer(tb)
		feed := server.Connect(tb).Subscribe(feedOfA)
		tb.Cleanup(func() {
			publish(tb, server, "a", "late")
			equal(tb, "next", fanqltest.Next[string](feed), "late")
		})
	})
	if len(r.failures) > 0 {
		t.Error(r.failures)
	}
}
