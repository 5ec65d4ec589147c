package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// invocation is a context whose deadline is by the fan's clock: each push
// takes a second of it.
type invocation struct {
	context.Context //nolint:containedctx // it is one
	deadline        time.Time
}

func (i invocation) Deadline() (time.Time, bool) { return i.deadline, true }

// clocked is a fan in which every push takes a second, with pages of three.
func clocked(t *testing.T, subscribers int) (*fan, []ports.Address, *time.Time) {
	now := time.Now()
	f := newFan(t, func(c *core.Config) {
		c.PageSize, c.PushConcurrency, c.Reserve = 3, 1, time.Second
		c.Now = func() time.Time { return now }
	})
	clients := f.crowd(subscribers, "feed")
	f.pushed.fail = func(ports.ConnectionID, string) error {
		now = now.Add(time.Second)
		return nil
	}
	return f, clients, &now
}

// A fan-out is cut after every possible number of pushes, handed over again until
// it is done, each time in a new process, and no client receives a result twice or not at all.
func TestDeliveryGoesOnInTheNextInvocation(t *testing.T) {
	const subscribers = 11
	for allowed := range 2*subscribers + 2 {
		t.Run(fmt.Sprintf("after %d pushes", allowed), func(t *testing.T) {
			f, clients, now := clocked(t, subscribers)
			events := positioned(feedEvents(t, instruction{Text: "a"}, instruction{Text: "b"}))
			invocations := 0
			for open := events; len(open) > 0; invocations++ {
				if invocations > 2*subscribers {
					t.Fatal("the delivery does not end")
				}
				ctx := invocation{t.Context(), now.Add(time.Duration(allowed)*time.Second + time.Second)}
				open = undelivered(t, open, f.Deliver(ctx, open))
			}
			for _, client := range clients {
				equalFrames(t, f.pushed.take(client.ID), []string{next("1", "feed", "a"), next("1", "feed", "b")})
			}
			if pages := (subscribers + 2) / 3; invocations > pages*len(events) {
				t.Errorf("it took %d invocations for %d pages and %d events: one got no further", invocations, pages, len(events))
			}
		})
	}
}

// The bus may hand over more the next time, or less.
func TestDeliveryGoesOnThoughTheBatchIsAnother(t *testing.T) {
	for name, second := range map[string][][]int{
		"more":                 {{0, 1, 2, 3}},
		"less, then the rest":  {{0}, {1, 2, 3}},
		"one by one":           {{0}, {1}, {2}, {3}},
		"the same, then more":  {{0, 1}, {2, 3}},
		"again and then again": {{0, 1, 2}, {3}},
	} {
		t.Run(name, func(t *testing.T) {
			f, clients, now := clocked(t, 8)
			events := positioned(feedEvents(t, instruction{Text: "a"}, instruction{Text: "b"}, instruction{Text: "c"}, instruction{Text: "d"}))
			short := invocation{t.Context(), now.Add(5 * time.Second)} // for one page
			if left := undelivered(t, events[:2], f.Deliver(short, events[:2])); len(left) != 2 {
				t.Fatalf("%d events are left of 2, want both", len(left))
			}
			for _, batch := range second {
				var again []ports.Event
				for _, i := range batch {
					again = append(again, events[i])
				}
				if err := errors.Join(f.Deliver(t.Context(), again)...); err != nil {
					t.Fatal(err)
				}
			}
			for _, client := range clients {
				equalFrames(t, f.pushed.take(client.ID), []string{
					next("1", "feed", "a"), next("1", "feed", "b"), next("1", "feed", "c"), next("1", "feed", "d"),
				})
			}
		})
	}
}

func TestDeliveryGoesOnAfterAPageThatCouldNotBeListed(t *testing.T) {
	f, clients, _ := clocked(t, 8)
	events := positioned(feedEvents(t, instruction{Text: "a"}))
	f.store.failPage.Store(2)
	if verdict := f.Deliver(t.Context(), events)[0]; !errors.Is(verdict, ports.ErrThrottled) {
		t.Fatalf("the verdict is %v, want that of the store", verdict)
	}
	f.store.failPage.Store(0)
	f.deliverAgain(t, events)
	for _, client := range clients {
		equalFrames(t, f.pushed.take(client.ID), []string{next("1", "feed", "a")})
	}
}

func TestDeliveryWithoutAPositionBeginsAgain(t *testing.T) {
	f, clients, now := clocked(t, 8)
	events := feedEvents(t, instruction{Text: "a"})
	short := invocation{t.Context(), now.Add(3 * time.Second)}
	undelivered(t, events, f.Deliver(short, events))
	f.deliverAgain(t, events)
	received := 0
	for _, client := range clients {
		frames := f.pushed.take(client.ID)
		if len(frames) == 0 {
			t.Errorf("%s was forgotten", client.ID)
		}
		received += len(frames)
	}
	if received != 8+3 {
		t.Errorf("%d frames for 8 clients, want 3 repeats", received)
	}
}

func (f *fan) deliverAgain(t *testing.T, events []ports.Event) {
	t.Helper()
	if err := errors.Join(f.Deliver(t.Context(), events)...); err != nil {
		t.Fatal(err)
	}
}

// positioned numbers events as a bus does.
func positioned(events []ports.Event) []ports.Event {
	for i := range events {
		events[i].Position = fmt.Sprintf("%04d", i+1)
	}
	return events
}

// undelivered are the events that are to be handed over again. All of them have
// to be unfinished, and none may be in front of one that is done.
func undelivered(t *testing.T, events []ports.Event, verdicts []error) []ports.Event {
	t.Helper()
	first := slices.IndexFunc(verdicts, func(err error) bool { return err != nil })
	if first < 0 {
		return nil
	}
	for i, verdict := range verdicts[first:] {
		if !errors.Is(verdict, ports.ErrUnfinished) {
			t.Fatalf("the verdict on event %d is %v, want unfinished, as before", first+i, verdict)
		}
	}
	return events[first:]
}

func TestUnfinishedIsNoFailureToReport(t *testing.T) {
	var reported []string
	now := time.Now()
	f := newFan(t, func(c *core.Config) {
		c.PageSize, c.Now = 1, func() time.Time { return now }
		c.Hooks.OnError = func(_ context.Context, err error) { reported = append(reported, err.Error()) }
	})
	f.crowd(3, "feed")
	ctx := invocation{t.Context(), now.Add(time.Second)}
	undelivered(t, positioned(feedEvents(t, instruction{Text: "a"})), f.Deliver(ctx, positioned(feedEvents(t, instruction{Text: "a"}))))
	if len(reported) > 0 {
		t.Errorf("reported %s", strings.Join(reported, "; "))
	}
}
