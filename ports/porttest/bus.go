package porttest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

// BusAdapter is a bus to try.
type BusAdapter struct {
	// New returns an empty bus and what delivers from it. Where the process does
	// not pull from the bus, the source stands for whatever calls the engine,
	// and only TestBus is for it. It is called once a subtest.
	New func(t *testing.T) (ports.EventBus, ports.EventSource)
	// Less compares positions of one topic; nil when they compare as strings.
	Less func(a, b string) bool
	// Capacity is how many events the bus takes while nobody consumes; 0 when
	// there is no such number.
	Capacity int
	// TooLarge is a size in bytes of a payload that the bus cannot carry; 0 when
	// it carries any.
	TooLarge int
	// Unordered says that the bus keeps no order between calls, and so refuses an
	// EventCatchUp.
	Unordered bool
	// Lacks names the fields of this type that are not set because the adapter has no
	// such thing: what needs them is not tried. A field that is both or neither fails.
	Lacks []string
}

// TestBus tries what a bus promises to publishers.
func TestBus(t *testing.T, adapter BusAdapter) {
	t.Helper()
	run(t, busChecks(), adapter.Lacks, adapter.fixture)
}

func (a BusAdapter) fixture(t *testing.T) busFixture {
	bus, source := a.New(t)
	less := a.Less
	if less == nil {
		less = func(a, b string) bool { return a < b }
	}
	return busFixture{
		EventBus: bus, EventSource: source, names: newNames(), published: NewClock().Now(),
		less: less, capacity: a.Capacity, tooLarge: a.TooLarge, unordered: a.Unordered,
	}
}

// busFixture is a bus with what checks need to talk to it.
type busFixture struct {
	ports.EventBus
	ports.EventSource
	names
	published          time.Time // of every event
	less               func(a, b string) bool
	capacity, tooLarge int
	unordered          bool
}

func busChecks() []check[busFixture] {
	return append(takenChecks(), notTakenChecks()...)
}

// takenChecks are about events that the bus has taken.
func takenChecks() []check[busFixture] {
	return []check[busFixture]{
		{name: "Publish: delivers what was published", run: publishWhole},
		{name: "Publish: a catch-up arrives, or is invalid on a bus without order", run: publishCatchUp},
		{name: "Publish: no events is success", run: func(t tester, f busFixture) {
			success(t, "Publish", f.Publish(t.Context()))
		}},
		{name: "Publish: leaves its arguments as they are", run: func(t tester, f busFixture) {
			events := []ports.Event{f.event("t", "1"), f.event("t", "end")}
			success(t, "Publish", f.Publish(t.Context(), events...))
			f.consume(t, nil, "t")
			for i, id := range []string{"1", "end"} {
				sameEvent(t, events[i], f.event("t", id))
				if events[i].Position != "" {
					t.Errorf("the publisher's own event has a position now")
				}
			}
		}},
		{name: "Publish: the events of a call stay in order", run: func(t tester, f busFixture) {
			want := numbers(20)
			f.publish(t, "t", want...)
			f.delivers(t, "t", want)
		}},
		{name: "Publish: calls one after the other stay in order", run: func(t tester, f busFixture) {
			want := numbers(20)
			for _, id := range want {
				f.publish(t, "t", id)
			}
			f.delivers(t, "t", want)
		}},
		{name: "Publish: positions rise within a topic", run: func(t tester, f busFixture) {
			f.publish(t, "t", numbers(10)...)
			f.publish(t, "t", "more", "end")
			events := f.consume(t, nil, "t")
			for i, event := range events {
				if event.Position == "" || i > 0 && !f.less(events[i-1].Position, event.Position) {
					t.Errorf("event %d has position %q after %q", i, event.Position, events[max(i-1, 0)].Position)
				}
			}
		}},
		{name: "Publish: any topic has its own order", run: func(t tester, f busFixture) {
			for _, id := range []string{"1", "2", "end"} {
				for _, topic := range oddStrings() {
					f.publish(t, topic, id)
				}
			}
			events := f.consume(t, nil, oddStrings()...)
			for _, topic := range oddStrings() {
				f.inOrder(t, events, topic, []string{"1", "2", "end"})
			}
		}},
		{name: "Publish: from many at once nothing is lost", run: func(t tester, f busFixture) {
			want := append(numbers(20), "end")
			topics := []string{"a", "b", "c", "d", "e"}
			errs := make([]error, len(topics))
			together(len(topics), func(i int) {
				for _, id := range want {
					if errs[i] == nil {
						errs[i] = f.Publish(t.Context(), f.event(topics[i], id))
					}
				}
			})
			for _, err := range errs {
				success(t, "Publish", err)
			}
			events := f.consume(t, nil, topics...)
			for _, topic := range topics {
				f.inOrder(t, events, topic, want)
			}
		}},
	}
}

func publishWhole(t tester, f busFixture) {
	whole := f.event("t", "1")
	whole.Payload = []byte(`{"text":"` + strings.Repeat("☃ <&>\\u0000", 500) + `"}`)
	whole.Only = []ports.ConnectionID{"a b", "c,d"}
	whole.Except = []ports.ConnectionID{"e#f"}
	whole.Keep = ports.Retention{Count: 7, Age: 90*time.Minute + time.Millisecond}
	whole.Trace = map[string]string{"traceparent": "00-1-2-01", "☃": ""}
	bare := ports.Event{ID: f.prefix + "2", Topic: whole.Topic, Kind: ports.EventComplete, Time: whole.Time}
	out := bare
	out.ID, out.Kind, out.Only = f.prefix+"3", ports.EventComplete, whole.Only
	putOut := bare
	putOut.ID, putOut.Kind, putOut.Payload = f.prefix+"4", ports.EventDisconnect, []byte(`{"code":4403}`)
	want := []ports.Event{whole, bare, out, putOut, f.event("t", "end")}
	success(t, "Publish", f.Publish(t.Context(), want...))
	got := f.consume(t, nil, "t")
	if len(got) != len(want) {
		t.Fatalf("%d events were delivered, want %d", len(got), len(want))
	}
	for i := range want {
		sameEvent(t, got[i], want[i])
	}
}

func publishCatchUp(t tester, f busFixture) {
	catchUp := f.event("t", "1")
	catchUp.Kind = ports.EventCatchUp
	if f.unordered {
		f.takesNone(t, ports.ErrInvalid, catchUp)
		return
	}
	success(t, "Publish", f.Publish(t.Context(), catchUp, f.event("t", "end")))
	sameEvent(t, f.consume(t, nil, "t")[0], catchUp)
}

// notTakenChecks are about events that the bus refuses.
func notTakenChecks() []check[busFixture] {
	return []check[busFixture]{
		{name: "Publish: without a topic is invalid and takes nothing", run: func(t tester, f busFixture) {
			bad := f.event("t", "bad")
			bad.Topic = ""
			f.takesNone(t, ports.ErrInvalid, bad)
		}},
		{
			name:  "Publish: over what the bus carries is too large and takes nothing",
			needs: []need[busFixture]{{"TooLarge", func(f busFixture) bool { return f.tooLarge > 0 }}},
			run: func(t tester, f busFixture) {
				bad := f.event("t", "bad")
				bad.Payload = bytes.Repeat([]byte("1"), f.tooLarge)
				f.takesNone(t, ports.ErrTooLarge, bad)
			},
		},
		{
			name:  "Publish: a full bus throttles and takes nothing",
			needs: []need[busFixture]{{"Capacity", func(f busFixture) bool { return f.capacity > 0 }}},
			run: func(t tester, f busFixture) {
				want := append(numbers(f.capacity-2), "end")
				f.publish(t, "t", want...)
				err := f.Publish(t.Context(), f.event("t", "over"), f.event("t", "capacity"))
				refused(t, "Publish", err, ports.ErrThrottled)
				f.inOrder(t, f.consume(t, nil, "t"), "t", want)
				f.delivers(t, "u", nil) // It takes events again.
			},
		},
		{name: "Publish: heeds the end of its context", run: func(t tester, f busFixture) {
			cancelled(t, "Publish", f.Publish(endedContext(t), f.event("t", "1")))
		}},
	}
}

// event is one with something in the usual fields.
func (f busFixture) event(topic, id string) ports.Event {
	return ports.Event{
		ID: f.prefix + id, Topic: f.topic(topic), Kind: ports.EventData, Payload: []byte(`{"id":"` + id + `"}`),
		Time: f.published,
	}
}

// publish publishes events in one call.
func (f busFixture) publish(t tester, topic string, ids ...string) {
	t.Helper()
	events := make([]ports.Event, len(ids))
	for i, id := range ids {
		events[i] = f.event(topic, id)
	}
	success(t, "Publish", f.Publish(t.Context(), events...))
}

// takesNone publishes a good event and a bad one, and looks for either.
func (f busFixture) takesNone(t tester, kind error, bad ports.Event) {
	t.Helper()
	refused(t, "Publish", f.Publish(t.Context(), f.event("t", "good"), bad), kind)
	f.delivers(t, "t", nil)
}

// consume delivers until the event "end" of each topic is done with, and returns
// the events as they were delivered. The verdict, unless nil, is asked for each.
func (f busFixture) consume(t tester, verdict func(ports.Event) error, topics ...string) []ports.Event {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	var delivered []ports.Event
	waiting := make(map[ports.Topic]bool)
	for _, topic := range topics {
		waiting[f.topic(topic)] = true
	}
	success(t, "Consume", f.Consume(ctx, func(_ context.Context, events []ports.Event) []error {
		mu.Lock()
		defer mu.Unlock()
		verdicts := make([]error, len(events))
		for i, event := range events {
			delivered = append(delivered, event)
			if verdict != nil {
				verdicts[i] = verdict(event)
			}
			if verdicts[i] == nil && event.ID == f.prefix+"end" {
				delete(waiting, event.Topic)
			}
		}
		if len(waiting) == 0 {
			cancel()
		}
		return verdicts
	}))
	mu.Lock()
	defer mu.Unlock()
	return delivered
}

// delivers ends a topic, and reports it unless it delivers just these before.
func (f busFixture) delivers(t tester, topic string, want []string) {
	t.Helper()
	f.publish(t, topic, "end")
	f.inOrder(t, f.consume(t, nil, topic), topic, append(slices.Clone(want), "end"))
}

// inOrder reports a topic of which not just these were delivered, by the order
// in which they first were.
func (f busFixture) inOrder(t tester, delivered []ports.Event, topic string, want []string) {
	t.Helper()
	var got []string
	for _, event := range delivered {
		id := strings.TrimPrefix(event.ID, f.prefix)
		if event.Topic == f.topic(topic) && !slices.Contains(got, id) {
			got = append(got, id)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("topic %q delivered %q, want %q", topic, got, want)
	}
}

// sameEvent compares all but the position.
func sameEvent(t tester, got, want ports.Event) {
	t.Helper()
	if got.ID != want.ID || got.Topic != want.Topic || got.Kind != want.Kind || got.Keep != want.Keep ||
		!bytes.Equal(got.Payload, want.Payload) || !got.Time.Equal(want.Time) ||
		!slices.Equal(got.Only, want.Only) || !slices.Equal(got.Except, want.Except) || !maps.Equal(got.Trace, want.Trace) {
		t.Errorf("the event is %s, want %s", brief(got), brief(want))
	}
}

func numbers(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	return ids
}
