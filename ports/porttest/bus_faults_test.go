package porttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

func TestBusChecks(t *testing.T) {
	prove(t, busChecks(), append(takenFaults(), notTakenFaults()...), brokenBusFixture)
}

func TestEventSourceChecks(t *testing.T) {
	prove(t, sourceChecks(), sourceFaults(), brokenBusFixture)
}

type busFaults = []fault[*brokenBus]

// brokenBus is a bus in memory of which both methods can be replaced. The
// replacement finds the whole one at Bus.
type brokenBus struct {
	*memory.Bus
	publish func(context.Context, []ports.Event) error
	consume func(context.Context, ports.DeliverFunc) error
}

func (b *brokenBus) Publish(ctx context.Context, events ...ports.Event) error {
	return b.publish(ctx, events)
}

func (b *brokenBus) Consume(ctx context.Context, deliver ports.DeliverFunc) error {
	return b.consume(ctx, deliver)
}

func brokenBusFixture(t *testing.T, breaks func(*brokenBus)) busFixture {
	adapter := BusAdapter{
		New: func(*testing.T) (ports.EventBus, ports.EventSource) {
			bus := must.Make(memory.New(memory.Config{
				MaxQueued: 200, MaxPayloadBytes: 50_000, Backoff: func(int) time.Duration { return time.Millisecond },
			})).Bus
			b := &brokenBus{
				Bus:     bus,
				publish: func(ctx context.Context, events []ports.Event) error { return bus.Publish(ctx, events...) },
				consume: bus.Consume,
			}
			breaks(b)
			return b, b
		},
		Capacity: 200,
		TooLarge: 50_001,
	}
	return adapter.fixture(t)
}

// publishEdits breaks each event on its way in.
func publishEdits(edit func(event *ports.Event)) func(*brokenBus) {
	return func(b *brokenBus) {
		b.publish = func(ctx context.Context, events []ports.Event) error {
			events = slices.Clone(events)
			for i := range events {
				edit(&events[i])
			}
			return b.Bus.Publish(ctx, events...)
		}
	}
}

// publishDrops loses events.
func publishDrops(drop func(event ports.Event) bool) func(*brokenBus) {
	return func(b *brokenBus) {
		b.publish = func(ctx context.Context, events []ports.Event) error {
			return b.Bus.Publish(ctx, slices.DeleteFunc(slices.Clone(events), drop)...)
		}
	}
}

// takesFirst takes the first event of a call that is refused.
func takesFirst(b *brokenBus) {
	b.publish = func(ctx context.Context, events []ports.Event) error {
		err := b.Bus.Publish(ctx, events...)
		if err != nil {
			_ = b.Bus.Publish(ctx, events[0])
		}
		return err
	}
}

func publishForgives(kind error) func(*brokenBus) {
	return func(b *brokenBus) {
		b.publish = func(ctx context.Context, events []ports.Event) error {
			return forgive(b.Bus.Publish(ctx, events...), kind)
		}
	}
}

// deliverEdits breaks the deliveries of a Consume.
func deliverEdits(edit func(ctx context.Context, deliver ports.DeliverFunc, events []ports.Event) []error) func(*brokenBus) {
	return func(b *brokenBus) {
		b.consume = func(ctx context.Context, deliver ports.DeliverFunc) error {
			return b.Bus.Consume(ctx, func(inner context.Context, events []ports.Event) []error {
				return edit(inner, deliver, events)
			})
		}
	}
}

// refusesCatchUp refuses catch-ups, as a bus without order does.
func refusesCatchUp(b *brokenBus) {
	b.publish = func(ctx context.Context, events []ports.Event) error {
		if slices.ContainsFunc(events, func(e ports.Event) bool { return e.Kind == ports.EventCatchUp }) {
			return broken(ports.ErrInvalid)
		}
		return b.Bus.Publish(ctx, events...)
	}
}

// TestUnorderedBusCheck proves the half of a check that is for buses without order.
func TestUnorderedBusCheck(t *testing.T) {
	for name, test := range map[string]struct {
		breaks func(*brokenBus)
		whole  bool
	}{
		"whole":    {refusesCatchUp, true},
		"takes it": {func(*brokenBus) {}, false},
		"takes one": {func(b *brokenBus) {
			refusesCatchUp(b)
			refuses := b.publish
			b.publish = func(ctx context.Context, events []ports.Event) error {
				err := refuses(ctx, events)
				if err != nil {
					_ = b.Bus.Publish(ctx, events[0])
				}
				return err
			}
		}, false},
	} {
		fixture := brokenBusFixture(t, test.breaks)
		fixture.unordered = true
		found := try(t, check[busFixture]{run: publishCatchUp}, fixture)
		if whole := len(found) == 0; whole != test.whole {
			t.Errorf("%s: the check reports %q", name, found)
		}
	}
}

func takenFaults() busFaults {
	return busFaults{
		{"Publish: delivers what was published", publishEdits(func(e *ports.Event) { e.Trace = nil })},
		{"Publish: delivers what was published", publishEdits(func(e *ports.Event) { e.Except = nil })},
		{"Publish: delivers what was published", publishEdits(func(e *ports.Event) { e.Kind = ports.EventData })},
		{"Publish: delivers what was published", publishDrops(func(e ports.Event) bool { return e.Payload == nil })},
		{"Publish: delivers what was published", publishEdits(func(e *ports.Event) { e.Keep.Count = 0 })},
		{"Publish: delivers what was published", publishEdits(func(e *ports.Event) { e.Keep.Age = e.Keep.Age.Truncate(time.Minute) })},
		{"Publish: a catch-up arrives, or is invalid on a bus without order", refusesCatchUp},
		{"Publish: a catch-up arrives, or is invalid on a bus without order", publishEdits(func(e *ports.Event) { e.Kind = ports.EventData })},
		{"Publish: a catch-up arrives, or is invalid on a bus without order", publishEdits(func(e *ports.Event) {
			if e.Kind == ports.EventCatchUp {
				e.Payload = nil
			}
		})},
		{"Publish: no events is success", func(b *brokenBus) {
			b.publish = func(ctx context.Context, events []ports.Event) error {
				if len(events) == 0 {
					return broken(ports.ErrInvalid)
				}
				return b.Bus.Publish(ctx, events...)
			}
		}},
		{"Publish: leaves its arguments as they are", func(b *brokenBus) {
			b.publish = func(ctx context.Context, events []ports.Event) error {
				for i := range events {
					events[i].Position = "1"
				}
				return b.Bus.Publish(ctx, events...)
			}
		}},
		{"Publish: the events of a call stay in order", func(b *brokenBus) {
			b.publish = func(ctx context.Context, events []ports.Event) error {
				events = slices.Clone(events)
				slices.Reverse(events)
				return b.Bus.Publish(ctx, events...)
			}
		}},
		{"Publish: calls one after the other stay in order", func(b *brokenBus) { // The second overtakes the first.
			var calls [][]ports.Event
			b.publish = func(ctx context.Context, events []ports.Event) error {
				if calls = append(calls, events); len(calls) == 1 {
					return nil
				}
				if err := b.Bus.Publish(ctx, events...); err != nil || len(calls) > 2 {
					return err
				}
				return b.Bus.Publish(ctx, calls[0]...)
			}
		}},
		{"Publish: positions rise within a topic", deliverEdits(
			func(ctx context.Context, deliver ports.DeliverFunc, events []ports.Event) []error {
				events = slices.Clone(events)
				for i := range events {
					events[i].Position = "1"
				}
				return deliver(ctx, events)
			})},
		{"Publish: any topic has its own order", publishDrops(func(e ports.Event) bool {
			return strings.Contains(string(e.Topic), "#") && strings.HasSuffix(e.ID, "2")
		})},
		{"Publish: from many at once nothing is lost", publishDrops(func(e ports.Event) bool {
			return strings.HasSuffix(string(e.Topic), "/c") && strings.HasSuffix(e.ID, "17")
		})},
	}
}

func notTakenFaults() busFaults {
	return busFaults{
		{"Publish: without a topic is invalid and takes nothing", takesFirst},
		{"Publish: without a topic is invalid and takes nothing", publishForgives(ports.ErrInvalid)},
		{"Publish: over what the bus carries is too large and takes nothing", takesFirst},
		{"Publish: over what the bus carries is too large and takes nothing", publishForgives(ports.ErrTooLarge)},
		{"Publish: a full bus throttles and takes nothing", takesFirst},
		{"Publish: a full bus throttles and takes nothing", publishForgives(ports.ErrThrottled)},
		{"Publish: heeds the end of its context", func(b *brokenBus) {
			b.publish = func(ctx context.Context, events []ports.Event) error {
				return b.Bus.Publish(context.WithoutCancel(ctx), events...)
			}
		}},
	}
}

func sourceFaults() busFaults {
	// Delivers in the background and takes the verdict for granted.
	background := func(b *brokenBus) {
		b.consume = func(ctx context.Context, deliver ports.DeliverFunc) error {
			var deliveries sync.WaitGroup
			defer deliveries.Wait()
			return b.Bus.Consume(ctx, func(inner context.Context, events []ports.Event) []error {
				deliveries.Go(func() { deliver(inner, events) })
				return make([]error, len(events))
			})
		}
	}
	return busFaults{
		{"Consume: returns nil when its context ends", func(b *brokenBus) {
			b.consume = func(ctx context.Context, deliver ports.DeliverFunc) error {
				return errors.Join(b.Bus.Consume(ctx, deliver), ctx.Err())
			}
		}},
		{"Consume: waits for deliveries under way", func(b *brokenBus) {
			b.consume = func(ctx context.Context, deliver ports.DeliverFunc) error {
				go func() { _ = b.Bus.Consume(ctx, deliver) }()
				<-ctx.Done()
				return nil
			}
		}},
		{"Consume: what was not delivered stays", func(b *brokenBus) { // Empties the bus.
			b.consume = func(ctx context.Context, deliver ports.DeliverFunc) error {
				err := b.Bus.Consume(ctx, deliver)
				return errors.Join(err, discard(ctx, b.Bus))
			}
		}},
		{"Consume: what failed when it ended stays", deliverEdits(
			func(ctx context.Context, deliver ports.DeliverFunc, events []ports.Event) []error {
				deliver(ctx, events)
				return make([]error, len(events))
			})},
		{"Consume: events wait for the verdict on those before", background},
		{"Consume: several calls keep the order of a topic", background},
		{"Consume: what failed comes again before later events", deliverEdits( // Never again.
			func(ctx context.Context, deliver ports.DeliverFunc, events []ports.Event) []error {
				deliver(ctx, events)
				return make([]error, len(events))
			})},
		{"Consume: what failed comes again before later events", againLater},
		{"Consume: each event has its own verdict", deliverEdits( // One fails for all.
			func(ctx context.Context, deliver ports.DeliverFunc, events []ports.Event) []error {
				verdicts := deliver(ctx, events)
				if err := errors.Join(verdicts...); err != nil {
					return slices.Repeat([]error{err}, len(events))
				}
				return verdicts
			})},
		{"Consume: unfinished is no failed attempt", verdictEdits(func() error { return errVerdict })}, // Counts it.
		{"Consume: unfinished is no failed attempt", verdictEdits(func() error { return nil })},        // Takes it for done.
		{"Consume: unfinished is no failed attempt", againLater},
	}
}

// verdictEdits breaks the verdicts that events are unfinished.
func verdictEdits(edit func() error) func(*brokenBus) {
	return deliverEdits(func(ctx context.Context, deliver ports.DeliverFunc, events []ports.Event) []error {
		verdicts := deliver(ctx, events)
		for i, verdict := range verdicts {
			if errors.Is(verdict, ports.ErrUnfinished) {
				verdicts[i] = edit()
			}
		}
		return verdicts
	})
}

// discard takes all events out of a bus.
func discard(ctx context.Context, bus *memory.Bus) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	done := make(chan error, 1)
	go func() {
		done <- bus.Consume(running, func(_ context.Context, events []ports.Event) []error { return make([]error, len(events)) })
	}()
	err := bus.Flush(context.WithoutCancel(ctx))
	stop()
	return errors.Join(err, <-done)
}

// againLater delivers what failed once more after what came next.
func againLater(b *brokenBus) {
	var failed []ports.Event
	deliverEdits(func(ctx context.Context, deliver ports.DeliverFunc, events []ports.Event) []error {
		verdicts := deliver(ctx, events)
		if len(failed) > 0 {
			deliver(ctx, failed)
		}
		failed = nil
		for i, verdict := range verdicts {
			if verdict != nil {
				failed = append(failed, events[i])
			}
		}
		return make([]error, len(events))
	})(b)
}
