package core_test

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// traced is an Observer whose trace is always the same.
type traced struct{ ports.Observer }

func (traced) Trace(context.Context) map[string]string {
	return map[string]string{"traceparent": "00-1"}
}

func TestEventsAreThoseThatPublishGivesToTheBus(t *testing.T) {
	t.Parallel()
	bus := &recordingBus{}
	publisher := func(observer ports.Observer) *core.Publisher {
		made := 0
		return must.Make(core.NewPublisher(core.PublisherConfig{
			Bus: bus, Now: func() time.Time { return time.Unix(1, 2) }, Observer: observer,
			NewID: func() string { made++; return strconv.Itoa(made) },
		}))
	}
	list := []core.Event{
		core.NewTopic[string]("big", core.Shards(3)).Event("x", core.Only("a"), core.Except("b")), core.NewTopic[string]("small").End(),
	}
	made, err := core.Events(core.WithPublisher(t.Context(), publisher(nil)), list...)
	if err != nil || len(bus.events) > 0 {
		t.Fatalf("error %v, %d events are published", err, len(bus.events))
	}
	if err := publisher(nil).Publish(t.Context(), list...); err != nil {
		t.Fatal(err)
	}
	if len(made) != 4 || !reflect.DeepEqual(made, bus.events) {
		t.Errorf("got  %+v\nwant %+v", made, bus.events)
	}
	made, err = publisher(traced{}).Events(t.Context(), list...)
	if err != nil || made[0].Trace["traceparent"] != "00-1" {
		t.Errorf("the trace is %v, error %v", made[0].Trace, err)
	}
}

func TestEventsWithoutATopicOrAPublisher(t *testing.T) {
	t.Parallel()
	if _, err := core.Events(t.Context(), core.NewTopic[string]("x").End()); !errors.Is(err, core.ErrNoPublisher) {
		t.Errorf("without a publisher: %v", err)
	}
	publisher := must.Make(core.NewPublisher(core.PublisherConfig{Bus: &recordingBus{}}))
	if _, err := publisher.Events(t.Context(), core.NewTopic[string]("x").End(), core.Event{}); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("an event without a topic: %v", err)
	}
}
