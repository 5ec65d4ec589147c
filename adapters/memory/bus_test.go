package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

var errDown = errors.New("down")

func publish(t *testing.T, b *Bus, topic ports.Topic, ids ...string) {
	t.Helper()
	events := make([]ports.Event, len(ids))
	for i, id := range ids {
		events[i] = ports.Event{ID: id, Topic: topic}
	}
	if err := b.Publish(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
}

// consuming runs Consume until the function it returns is called.
func consuming(t *testing.T, b *Bus, deliver ports.DeliverFunc) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Consume(ctx, deliver) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Consume: %v", err)
		}
	}
}

// each delivers one event after the other.
func each(deliver func(ctx context.Context, event ports.Event) error) ports.DeliverFunc {
	return func(ctx context.Context, events []ports.Event) []error {
		verdicts := make([]error, len(events))
		for i, event := range events {
			verdicts[i] = deliver(ctx, event)
		}
		return verdicts
	}
}

func TestFlushWaitsForFinalVerdicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := must.Make(New(Config{MaxBatch: 1})).Bus
		var done atomic.Int32
		failed := false
		stop := consuming(t, b, each(func(_ context.Context, event ports.Event) error {
			time.Sleep(time.Second)
			if event.ID == "2" && !failed {
				failed = true
				return errDown
			}
			done.Add(1)
			return nil
		}))
		defer stop()
		publish(t, b, "t", "1", "2", "3")
		if err := b.Flush(t.Context()); err != nil || done.Load() != 3 {
			t.Errorf("Flush: %v after %d of 3 events", err, done.Load())
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Errorf("Flush of an empty bus: %v", err)
		}
	})
}

func TestFlushIsForEarlierEventsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := must.Make(New(Config{})).Bus
		held := map[ports.Topic]chan struct{}{"earlier": make(chan struct{}), "stuck": make(chan struct{})}
		stop := consuming(t, b, each(func(_ context.Context, event ports.Event) error {
			if release := held[event.Topic]; release != nil {
				<-release
			}
			return nil
		}))
		defer stop()
		flushed := make(chan error, 1)
		publish(t, b, "earlier", "1")
		go func() { flushed <- b.Flush(t.Context()) }()
		synctest.Wait()
		publish(t, b, "done", "2")
		publish(t, b, "stuck", "3")
		synctest.Wait()
		if len(flushed) != 0 {
			t.Error("Flush took a later event for an earlier one")
		}
		close(held["earlier"])
		if err := <-flushed; err != nil {
			t.Errorf("Flush: %v", err)
		}
		close(held["stuck"])
	})
}

func TestFlushEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := must.Make(New(Config{})).Bus
		publish(t, b, "t", "1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush: got error %v, want %v", err, context.DeadlineExceeded)
		}
		if len(b.flushes) != 0 {
			t.Errorf("%d flushes are left", len(b.flushes))
		}
	})
}

func TestEventIsDroppedAfterMaxAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dropped []string
		b := must.Make(New(Config{MaxAttempts: 3, OnDropped: func(event ports.Event, verdict error) {
			dropped = append(dropped, fmt.Sprint(event.ID, " ", verdict))
		}})).Bus
		var delivered []string
		stop := consuming(t, b, func(_ context.Context, events []ports.Event) []error {
			verdicts := make([]error, len(events))
			for i, event := range events {
				delivered = append(delivered, event.ID)
				if event.ID == "bad" {
					verdicts[i] = errDown
				}
			}
			return verdicts
		})
		defer stop()
		publish(t, b, "t", "bad")
		publish(t, b, "t", "good")
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if count, err := b.CountDeadLetters(t.Context()); count != 1 || err != nil {
			t.Errorf("CountDeadLetters: %d, %v, want 1", count, err)
		}
		if !slices.Equal(dropped, []string{"bad down"}) {
			t.Errorf("dropped %q, want the bad one with its verdict", dropped)
		}
		bad := slices.DeleteFunc(slices.Clone(delivered), func(id string) bool { return id != "bad" })
		if len(bad) != 3 || len(delivered) != 4 {
			t.Errorf("delivered %q, want the bad one 3 times and the good one once", delivered)
		}
	})
}

func TestBackoffGrowsWithAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []int
		b := must.Make(New(Config{MaxAttempts: 4, Backoff: func(attempt int) time.Duration {
			asked = append(asked, attempt)
			return time.Duration(attempt) * time.Minute
		}})).Bus
		var at []time.Duration
		begin := time.Now()
		stop := consuming(t, b, each(func(context.Context, ports.Event) error {
			at = append(at, time.Since(begin))
			return errDown
		}))
		defer stop()
		publish(t, b, "t", "1")
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{0, time.Minute, 3 * time.Minute, 6 * time.Minute}; !slices.Equal(at, want) {
			t.Errorf("delivered at %v, want %v", at, want)
		}
		if want := []int{1, 2, 3}; !slices.Equal(asked, want) {
			t.Errorf("asked for the backoff of %v, want %v", asked, want)
		}
	})
}

func TestJitterIsBounded(t *testing.T) {
	for attempt := 1; attempt < 100; attempt++ {
		longest := 10 * time.Second
		if attempt <= 6 {
			longest = 100 * time.Millisecond << (attempt - 1)
		}
		if got := jitter(attempt); got < 0 || got >= longest {
			t.Errorf("after attempt %d it is %v, want less than %v", attempt, got, longest)
		}
	}
}

func TestFailingTopicDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := must.Make(New(Config{Workers: 1, Backoff: func(int) time.Duration { return time.Hour }})).Bus
		begin := time.Now()
		good := make(chan time.Duration, 1)
		failed := false
		stop := consuming(t, b, each(func(_ context.Context, event ports.Event) error {
			if event.Topic == "good" {
				good <- time.Since(begin)
			} else if !failed {
				failed = true
				return errDown
			}
			return nil
		}))
		defer stop()
		publish(t, b, "bad", "1")
		synctest.Wait()
		publish(t, b, "good", "1")
		if waited := <-good; waited != 0 {
			t.Errorf("the good topic waited %v", waited)
		}
		if err := b.Flush(t.Context()); err != nil || time.Since(begin) != time.Hour {
			t.Errorf("Flush: %v after %v, want the bad topic after an hour", err, time.Since(begin))
		}
	})
}

func TestWorkersBoundDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := must.Make(New(Config{Workers: 3})).Bus
		var now, most atomic.Int32
		stop := consuming(t, b, each(func(context.Context, ports.Event) error {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return nil
		}))
		defer stop()
		begin := time.Now()
		for i := range 9 {
			publish(t, b, ports.Topic(fmt.Sprint(i)), "1")
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if most.Load() != 3 || time.Since(begin) != 3*time.Second {
			t.Errorf("%d deliveries at once took %v, want 3 and 3s", most.Load(), time.Since(begin))
		}
	})
}

func TestBatchIsOneTopicAndBounded(t *testing.T) {
	b := must.Make(New(Config{MaxBatch: 4})).Bus
	for range 5 {
		publish(t, b, "t", "1", "2")
		publish(t, b, "u", "3")
	}
	batches := make(chan []ports.Event, 10)
	stop := consuming(t, b, func(_ context.Context, events []ports.Event) []error {
		batches <- events
		return make([]error, len(events))
	})
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	close(batches)
	sizes := map[ports.Topic][]int{}
	for batch := range batches {
		if slices.ContainsFunc(batch, func(e ports.Event) bool { return e.Topic != batch[0].Topic }) {
			t.Errorf("a batch has several topics: %v", batch)
		}
		sizes[batch[0].Topic] = append(sizes[batch[0].Topic], len(batch))
	}
	if got, want := fmt.Sprint(sizes), "map[t:[4 4 2] u:[4 1]]"; got != want {
		t.Errorf("batches are %s, want %s", got, want)
	}
}

func TestDeliveryOutlivesConsumeByDrainTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		b := must.Make(New(Config{DrainTimeout: time.Minute, MaxAttempts: 1, OnDropped: func(ports.Event, error) {
			t.Error("an event was dropped whose delivery was cut short")
		}})).Bus
		publish(t, b, "t", "1")
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		var ended time.Duration
		err := b.Consume(ctx, each(func(inner context.Context, _ ports.Event) error {
			if inner.Value(key{}) != "value" {
				t.Error("the delivery's context lacks the values of Consume's")
			}
			cancel()
			begin := time.Now()
			<-inner.Done()
			ended = time.Since(begin)
			return inner.Err()
		}))
		if err != nil || ended != time.Minute {
			t.Errorf("Consume: %v, deliveries ended after %v, want a minute", err, ended)
		}
		if b.queued != 1 {
			t.Errorf("%d events are queued, want the one that was cut short", b.queued)
		}
	})
}

func TestMissingVerdictIsFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := must.Make(New(Config{})).Bus
		var batches []int
		stop := consuming(t, b, func(_ context.Context, events []ports.Event) []error {
			batches = append(batches, len(events))
			return make([]error, 1)
		})
		defer stop()
		publish(t, b, "t", "1", "2", "3")
		if err := b.Flush(t.Context()); err != nil || !slices.Equal(batches, []int{3, 2, 1}) {
			t.Errorf("Flush: %v after batches of %v, want 3, 2 and 1", err, batches)
		}
	})
}

func TestIdleTopicsHoldNoMemory(t *testing.T) {
	b := must.Make(New(Config{})).Bus
	for i := range 100 {
		publish(t, b, ports.Topic(fmt.Sprint(i)), "1")
	}
	stop := consuming(t, b, each(func(context.Context, ports.Event) error { return nil }))
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	if len(b.topics)+len(b.ready)+len(b.delayed.moments)+len(b.flushes)+b.queued != 0 {
		t.Errorf("something is left: %d topics, %d ready, %d queued", len(b.topics), len(b.ready), b.queued)
	}
}

func TestSeveralConsumersShareOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := must.Make(New(Config{Workers: 1})).Bus
		deliver := each(func(context.Context, ports.Event) error {
			time.Sleep(time.Second)
			return nil
		})
		defer consuming(t, b, deliver)()
		defer consuming(t, b, deliver)()
		defer consuming(t, b, deliver)()
		synctest.Wait()
		begin := time.Now()
		events := []ports.Event{{ID: "1", Topic: "t"}, {ID: "2", Topic: "u"}, {ID: "3", Topic: "v"}}
		if err := b.Publish(t.Context(), events...); err != nil {
			t.Fatal(err)
		}
		if err := b.Flush(t.Context()); err != nil || time.Since(begin) != time.Second {
			t.Errorf("Flush: %v after %v, want all topics at once", err, time.Since(begin))
		}
	})
}

func TestSeveralConsumersShareAndHandOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := must.Make(New(Config{Workers: 1, Backoff: func(int) time.Duration { return time.Second }})).Bus
		var delivered, failures atomic.Int32
		deliver := each(func(_ context.Context, event ports.Event) error {
			time.Sleep(time.Second)
			if event.ID == "fails" && failures.Add(1) == 1 {
				return errDown
			}
			delivered.Add(1)
			return nil
		})
		begin := time.Now()
		first, second := consuming(t, b, deliver), consuming(t, b, deliver)
		publish(t, b, "t", "1")
		publish(t, b, "u", "fails")
		time.Sleep(1500 * time.Millisecond)
		first() // Whoever knew of the delayed topic, the other delivers it.
		if err := b.Flush(t.Context()); err != nil || delivered.Load() != 2 || time.Since(begin) != 3*time.Second {
			t.Errorf("Flush: %v, %d delivered after %v, want 2 after 3s", err, delivered.Load(), time.Since(begin))
		}
		second()
	})
}

func BenchmarkPublishAndConsume(b *testing.B) {
	bus := must.Make(New(Config{})).Bus
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() {
		done <- bus.Consume(ctx, func(_ context.Context, events []ports.Event) []error { return make([]error, len(events)) })
	}()
	b.ReportAllocs()
	for b.Loop() {
		if err := bus.Publish(b.Context(), ports.Event{ID: "1", Topic: "t"}); errors.Is(err, ports.ErrThrottled) {
			if err := bus.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
