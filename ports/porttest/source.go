package porttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

// patience is how long a check gives an adapter to do what it must not do. A
// slow adapter passes; a wrong one is found if it is wrong within this time.
const patience = 50 * time.Millisecond

// errVerdict is the verdict on an event that has to come again.
var errVerdict = errors.New("not delivered")

// unfinishedDeliveries is how often a check answers that an event is unfinished.
const unfinishedDeliveries = 30

// TestEventSource tries what a bus that the process pulls from promises to the
// engine. It needs no ability but New. A bus that gives up an event which fails
// has to do so within 30 attempts, or nothing shows that it counts no others.
func TestEventSource(t *testing.T, adapter BusAdapter) {
	t.Helper()
	run(t, sourceChecks(), adapter.Lacks, adapter.fixture)
}

func sourceChecks() []check[busFixture] {
	return []check[busFixture]{
		{name: "Consume: returns nil when its context ends", run: func(t tester, f busFixture) {
			success(t, "Consume", f.Consume(endedContext(t), func(_ context.Context, events []ports.Event) []error {
				return make([]error, len(events))
			}))
			f.publish(t, "t", "end")
			f.consume(t, nil, "t")
		}},
		{name: "Consume: waits for deliveries under way", run: consumeWaits},
		{name: "Consume: what was not delivered stays", run: consumeLeaves},
		{name: "Consume: what failed when it ended stays", run: func(t tester, f busFixture) {
			f.publish(t, "t", "1")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			success(t, "Consume", f.Consume(ctx, func(_ context.Context, events []ports.Event) []error {
				cancel()
				return failures(len(events))
			}))
			f.delivers(t, "t", []string{"1"})
		}},
		{name: "Consume: events wait for the verdict on those before", run: func(t tester, f busFixture) {
			f.neverTogether(t, 1)
		}},
		{name: "Consume: several calls keep the order of a topic", run: func(t tester, f busFixture) {
			f.neverTogether(t, 2)
		}},
		{name: "Consume: what failed comes again before later events", run: func(t tester, f busFixture) {
			f.publish(t, "t", "1")
			f.deliveries(t, f.consume(t, f.failsOnce(t, "1"), "t"), "1", "1", "end")
		}},
		{name: "Consume: each event has its own verdict", run: func(t tester, f busFixture) {
			f.publish(t, "t", "1", "2")
			f.deliveries(t, f.consume(t, f.failsOnce(t, "2"), "t"), "1", "2", "2", "end")
		}},
		{name: "Consume: unfinished is no failed attempt", run: unfinishedForLong},
	}
}

func failures(n int) []error {
	return slices.Repeat([]error{errVerdict}, n)
}

// failsOnce fails an event at its first delivery. Meanwhile it ends the topic,
// so that the end cannot be in the same delivery.
func (f busFixture) failsOnce(t tester, id string) func(ports.Event) error {
	failed := false
	return func(event ports.Event) error {
		if failed || event.ID != f.prefix+id {
			return nil
		}
		failed = true
		if err := f.Publish(t.Context(), f.event("t", "end")); err != nil {
			t.Errorf("Publish: %v", err)
		}
		return errVerdict
	}
}

// deliveries reports the topic unless exactly these were delivered, repeats
// included.
func (f busFixture) deliveries(t tester, delivered []ports.Event, want ...string) {
	t.Helper()
	var got []string
	for _, event := range delivered {
		got = append(got, strings.TrimPrefix(event.ID, f.prefix))
	}
	if !slices.Equal(got, want) {
		t.Errorf("deliveries were %q, want %q", got, want)
	}
}

// unfinishedForLong answers that an event and those after it are unfinished, as a
// fan-out that is longer than a delivery does, and looks for others of its topic
// that come before it is done.
func unfinishedForLong(t tester, f busFixture) {
	f.publish(t, "t", "1", "2")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	var delivered []ports.Event
	deliveries := 0
	success(t, "Consume", f.Consume(ctx, func(inner context.Context, events []ports.Event) []error {
		mu.Lock()
		defer mu.Unlock()
		deliveries++
		delivered = append(delivered, events...)
		switch {
		case deliveries > unfinishedDeliveries+1: // It is done.
		case events[0].ID != f.prefix+"1":
			t.Errorf("delivery %d begins with event %q: the one before was unfinished", deliveries, strings.TrimPrefix(events[0].ID, f.prefix))
			cancel()
		case deliveries == 1:
			if err := f.Publish(inner, f.event("t", "end")); err != nil {
				t.Errorf("Publish: %v", err)
			}
		}
		if deliveries <= unfinishedDeliveries {
			return slices.Repeat([]error{&ports.Error{Op: "porttest", Kind: ports.ErrUnfinished}}, len(events))
		}
		if events[len(events)-1].ID == f.prefix+"end" {
			cancel()
		}
		return make([]error, len(events))
	}))
	mu.Lock()
	defer mu.Unlock()
	f.inOrder(t, delivered, "t", []string{"1", "2", "end"})
}

// consumeWaits ends the context in the middle of a delivery.
func consumeWaits(t tester, f busFixture) {
	f.publish(t, "t", "1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	returned, finished := make(chan struct{}), make(chan struct{})
	early := make(chan bool, 1)
	var once sync.Once
	err := f.Consume(ctx, func(_ context.Context, events []ports.Event) []error {
		cancel()
		once.Do(func() {
			early <- happens(returned)
			close(finished)
		})
		return make([]error, len(events))
	})
	close(returned)
	success(t, "Consume", err)
	<-finished
	if <-early {
		t.Errorf("Consume returned while a delivery was under way")
	}
}

// happens says whether something that must not happen does.
func happens(event <-chan struct{}) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-event:
		return true
	case <-timer.C:
		return false
	}
}

// consumeLeaves publishes more in the middle of the first delivery, ends the
// context, and consumes again.
func consumeLeaves(t tester, f busFixture) {
	f.publish(t, "t", "1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	var first []ports.Event
	success(t, "Consume", f.Consume(ctx, func(inner context.Context, events []ports.Event) []error {
		mu.Lock()
		defer mu.Unlock()
		if len(first) == 0 {
			if err := f.Publish(inner, f.event("t", "2"), f.event("t", "3")); err != nil {
				t.Errorf("Publish: %v", err)
			}
			cancel()
		}
		first = append(first, events...)
		return make([]error, len(events))
	}))
	mu.Lock()
	defer mu.Unlock()
	f.publish(t, "t", "end")
	f.inOrder(t, append(first, f.consume(t, nil, "t")...), "t", []string{"1", "2", "3", "end"})
}

// neverTogether reports two deliveries of one topic at once, or out of order, by
// a number of Consume calls at once.
func (f busFixture) neverTogether(t tester, consumers int) {
	want := append(numbers(8), "end")
	for _, id := range want[:4] {
		f.publish(t, "t", id)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	var delivered []ports.Event
	var underway chan struct{} // closed when a second delivery begins
	deliver := func(ctx context.Context, events []ports.Event) []error {
		mu.Lock()
		first := len(delivered) == 0
		delivered = append(delivered, events...)
		if underway != nil {
			close(underway)
			underway = nil
			mu.Unlock()
			return make([]error, len(events))
		}
		together := make(chan struct{})
		underway = together
		mu.Unlock()
		if first {
			for _, id := range want[4:] {
				if err := f.Publish(ctx, f.event("t", id)); err != nil {
					t.Errorf("Publish: %v", err)
				}
			}
		}
		if happens(together) {
			t.Errorf("two deliveries of one topic were under way at once")
		}
		mu.Lock()
		defer mu.Unlock()
		underway = nil
		if slices.ContainsFunc(delivered, func(e ports.Event) bool { return e.ID == f.prefix+"end" }) {
			cancel()
		}
		return make([]error, len(events))
	}
	errs := make([]error, consumers)
	together(consumers, func(i int) { errs[i] = f.Consume(ctx, deliver) })
	for _, err := range errs {
		success(t, "Consume", err)
	}
	f.inOrder(t, delivered, "t", want)
}
