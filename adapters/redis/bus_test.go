package redis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
)

func TestPublishOverPartitionsTakesNothingWhenOneIsFull(t *testing.T) {
	t.Parallel()
	config := quick()
	config.MaxQueued = 3
	bus := newBackend(miniredisDial(t).connect(t), config)
	publish(t, bus, "full", "1", "2", "3")
	for i := range 20 { // some of them in other partitions
		other := ports.Topic(fmt.Sprint(i))
		err := bus.Publish(t.Context(), slices.Concat(events(other, "1"), events("full", "4"))...)
		if !errors.Is(err, ports.ErrThrottled) {
			t.Fatalf("Publish: got error %v, want %v", err, ports.ErrThrottled)
		}
	}
	if n := waiting(t, bus); n != 3 {
		t.Errorf("%d events were taken, want the 3 that fitted", n)
	}
}

func TestPublishOverPartitionsTakesAll(t *testing.T) {
	t.Parallel()
	bus := newBackend(miniredisDial(t).connect(t), quick())
	var all []ports.Event
	for i := range 20 {
		all = append(all, events(ports.Topic(fmt.Sprint(i)), "1")...)
	}
	if err := bus.Publish(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
	if n := waiting(t, bus); n != 20 {
		t.Errorf("%d events were taken, want 20", n)
	}
}

func TestPublishThatFailedHalfwayHasNoKind(t *testing.T) {
	t.Parallel()
	for failing, want := range map[int64]error{1: ports.ErrThrottled, 2: nil} {
		client := miniredisDial(t).connect(t)
		bus := newBackend(client, quick())
		publish(t, bus, "warm", "1") // It has the script now.
		client.commands.Store(0)
		client.AddHook(refusing{func() bool { return client.commands.Load() >= failing }})
		var all []ports.Event
		for i := range 20 {
			all = append(all, events(ports.Topic(fmt.Sprint(i)), "1")...)
		}
		err := bus.Publish(t.Context(), all...)
		if failed, ok := errors.AsType[*ports.Error](err); !ok || !errors.Is(failed.Kind, want) {
			t.Errorf("request %d failed: got error %v, want kind %v", failing, err, want)
		}
	}
}

// refusing has Redis be out of memory.
type refusing struct{ when func() bool }

func (r refusing) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (r refusing) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, command goredis.Cmder) error {
		if !r.when() {
			return next(ctx, command)
		}
		command.SetErr(outOfMemory{})
		return outOfMemory{}
	}
}

func (r refusing) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

type outOfMemory struct{}

func (outOfMemory) Error() string { return "OOM command not allowed when used memory > 'maxmemory'" }
func (outOfMemory) RedisError()   {}

func TestPublishRefusesTextThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	bus := newBackend(miniredisDial(t).connect(t), quick())
	bad := "\xff"
	for _, edit := range []func(*ports.Event){
		func(e *ports.Event) { e.ID = bad },
		func(e *ports.Event) { e.Kind = ports.EventKind(bad) },
		func(e *ports.Event) { e.Only = []ports.ConnectionID{"a", ports.ConnectionID(bad)} },
		func(e *ports.Event) { e.Except = []ports.ConnectionID{ports.ConnectionID(bad)} },
		func(e *ports.Event) { e.Trace = map[string]string{bad: ""} },
		func(e *ports.Event) { e.Trace = map[string]string{"a": bad} },
		func(e *ports.Event) { e.Time = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		list := events("t", "1", "2")
		edit(&list[1])
		if err := bus.Publish(t.Context(), list...); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("Publish of %+v: got error %v, want %v", list[1], err, ports.ErrInvalid)
		}
	}
	if n := waiting(t, bus); n != 0 {
		t.Errorf("%d events were taken, want none", n)
	}
}

func TestLagCountsWhatHasNoFinalVerdict(t *testing.T) {
	t.Parallel()
	config := quick()
	config.Partitions = 1
	bus := newBackend(miniredisDial(t).connect(t), config)
	before := time.Now().Truncate(time.Millisecond)
	publish(t, bus, "t", number(3)...)
	lags, err := bus.Lag(t.Context())
	if err != nil || len(lags) != 1 {
		t.Fatalf("Lag: %v, %v, want one partition's", lags, err)
	}
	if lag := lags[0]; lag.Partition != 0 || lag.Events != 3 || lag.Oldest.Before(before) || lag.Oldest.After(time.Now()) {
		t.Errorf("Lag: %+v, want 3 events from now", lag)
	}
	held := make(chan struct{})
	stop := consuming(t, bus, each(func(_ context.Context, event ports.Event) error {
		if event.ID == "001" {
			<-held
		}
		return nil
	}))
	defer stop()
	publish(t, bus, "t", "end")
	if n := waiting(t, bus); n != 4 {
		t.Errorf("%d events wait, want 4: none has its verdict", n)
	}
	close(held)
	drained(t, bus)
	if lags, err = bus.Lag(t.Context()); err != nil || !lags[0].Oldest.IsZero() {
		t.Errorf("Lag of an empty bus: %+v, %v, want no oldest event", lags, err)
	}
}

func TestPrefixesKeepBusesApart(t *testing.T) {
	t.Parallel()
	client := miniredisDial(t).connect(t)
	one, two := newBackend(client, quick()), newBackend(client, quick())
	publish(t, one, "t", "1")
	if n := waiting(t, two); n != 0 {
		t.Errorf("another prefix has %d of its events", n)
	}
}

func TestRequestsOfAPublish(t *testing.T) {
	t.Parallel()
	client := miniredisDial(t).connect(t)
	bus := newBackend(client, quick())
	publish(t, bus, "t", "1") // Redis has the script now.
	client.commands.Store(0)
	publish(t, bus, "t", number(50)...)
	if n := client.commands.Load(); n != 1 {
		t.Errorf("publishing to a topic took %d requests, want 1", n)
	}
}

func TestConsumeSaysThatRedisCannotBeReached(t *testing.T) {
	t.Parallel()
	client := miniredisDial(t).connect(t)
	client.cut.Store(true)
	err := newBackend(client, quick()).Consume(t.Context(), (&record{}).deliver)
	if !errors.Is(err, errDead) {
		t.Errorf("Consume: got error %v, want %v", err, errDead)
	}
}

func TestConsumeLeavesNoGoroutine(t *testing.T) {
	server := miniredis.RunT(t)
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	defer client.Close()
	bus := newBackend(client, quick())
	publish(t, bus, "t", "1")
	before := goleak.IgnoreCurrent()
	var delivered record
	stop := consuming(t, bus, delivered.deliver)
	eventually(t, "the event was not delivered", func() bool { return delivered.len() == 1 })
	stop()
	client.Close()
	goleak.VerifyNone(t, before)
}

func TestFailingTopicDelaysNoOther(t *testing.T) {
	t.Parallel()
	config := quick()
	config.Partitions = 1
	config.Backoff = func(int) time.Duration { return time.Hour }
	bus := newBackend(miniredisDial(t).connect(t), config)
	var delivered record
	stop := consuming(t, bus, func(ctx context.Context, events []ports.Event) []error {
		verdicts := delivered.deliver(ctx, events)
		for i := range events {
			if events[i].ID == "fails" {
				verdicts[i] = errDown
			}
		}
		return verdicts
	})
	defer stop()
	publish(t, bus, "bad", "fails", "waits 1")
	publish(t, bus, "good", "1")
	eventually(t, "the good topic waits", func() bool { return len(delivered.ids("good")) == 1 })
	publish(t, bus, "bad", "waits 2")
	publish(t, bus, "good", "2")
	eventually(t, "the good topic waits", func() bool { return len(delivered.ids("good")) == 2 })
	if slices.Contains(delivered.ids("bad"), "waits 2") {
		t.Error("a topic went on past the event that failed")
	}
}

func TestMissingVerdictIsFailure(t *testing.T) {
	t.Parallel()
	config := quick()
	bus := newBackend(miniredisDial(t).connect(t), config)
	publish(t, bus, "t", "1", "2", "3")
	var batches []int
	stop := consuming(t, bus, func(_ context.Context, events []ports.Event) []error {
		batches = append(batches, len(events))
		return make([]error, 1)
	})
	drained(t, bus)
	stop()
	if want := []int{3, 2, 1}; !slices.Equal(batches, want) {
		t.Errorf("batches of %v, want %v", batches, want)
	}
}

func TestDeliveryOutlivesConsumeByDrainTimeout(t *testing.T) {
	t.Parallel()
	type key struct{}
	config := quick()
	config.DrainTimeout = 50 * time.Millisecond
	config.MaxAttempts = 1
	config.OnDeadLetter = func(redis.DeadLetter) { t.Error("an event was given up whose delivery was cut short") }
	bus := newBackend(miniredisDial(t).connect(t), config)
	publish(t, bus, "t", "1")
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	var lasted time.Duration
	err := bus.Consume(ctx, each(func(inner context.Context, _ ports.Event) error {
		if inner.Value(key{}) != "value" {
			t.Error("the delivery's context lacks the values of Consume's")
		}
		cancel()
		begin := time.Now()
		<-inner.Done()
		lasted = time.Since(begin)
		return inner.Err()
	}))
	if err != nil || lasted < config.DrainTimeout {
		t.Errorf("Consume: %v, and the delivery had %v, want %v", err, lasted, config.DrainTimeout)
	}
	var again record
	stop := consuming(t, bus, again.deliver)
	drained(t, bus)
	stop()
	if got := again.ids("t"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("afterwards %q was delivered, want what was cut short", got)
	}
}

func TestBackoffIsGivenTheAttempt(t *testing.T) {
	t.Parallel()
	config := quick()
	config.MaxAttempts = 4
	var asked []int
	config.Backoff = func(attempt int) time.Duration {
		asked = append(asked, attempt)
		return 0
	}
	bus := newBackend(miniredisDial(t).connect(t), config)
	publish(t, bus, "t", "1")
	stop := consuming(t, bus, each(func(context.Context, ports.Event) error { return errDown }))
	drained(t, bus)
	stop()
	if want := []int{1, 2, 3}; !slices.Equal(asked, want) {
		t.Errorf("asked for the backoff of %v, want %v", asked, want)
	}
}

// While many events of a topic that fails wait, memory is bounded, and their
// partition goes on once they are settled.
func TestHeldEventsAreBounded(t *testing.T) {
	t.Parallel()
	config := quick()
	config.Partitions, config.MaxHeld, config.MaxBatch, config.MaxAttempts = 1, 5, 2, 1<<30
	bus := newBackend(miniredisDial(t).connect(t), config)
	var healed atomic.Bool
	var failures atomic.Int64
	var delivered record
	publish(t, bus, "bad", number(20)...)
	publish(t, bus, "good", "1")
	stop := consuming(t, bus, func(ctx context.Context, events []ports.Event) []error {
		if !healed.Load() && events[0].Topic == "bad" {
			failures.Add(1)
			return nil
		}
		return delivered.deliver(ctx, events)
	})
	defer stop()
	eventually(t, "nothing fails", func() bool { return failures.Load() > 10 })
	if delivered.len() != 0 {
		t.Error("more events were held than allowed")
	}
	healed.Store(true)
	drained(t, bus)
	if got := delivered.ids("bad"); !slices.Equal(got, number(20)) || len(delivered.ids("good")) != 1 {
		t.Errorf("delivered %q, want all in order", strings.Join(got, " "))
	}
}

// An idle worker does not wait for the next time that it looks.
func TestPublishWakesAnIdleWorker(t *testing.T) {
	t.Parallel()
	config := quick()
	config.PollInterval = time.Hour
	bus := newBackend(miniredisDial(t).connect(t), config)
	var delivered record
	stop := consuming(t, bus, delivered.deliver)
	defer stop()
	for _, id := range number(20) {
		publish(t, bus, "t", id)
		drained(t, bus)
	}
	if got := delivered.ids("t"); !slices.Equal(got, number(20)) {
		t.Errorf("delivered %q, want each once", got)
	}
}

func TestBusHeedsTheEndOfItsContext(t *testing.T) {
	t.Parallel()
	bus := newBackend(miniredisDial(t).connect(t), quick())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := bus.Lag(ctx)
	for call, err := range map[string]error{
		"Lag": err, "DropDeadLetter": bus.DropDeadLetter(ctx, redis.DeadLetter{}), "Publish": bus.Publish(ctx, events("t", "1")...),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want %v", call, err, context.Canceled)
		}
	}
}

// Whoever closes the client ends what uses it: Consume says so and does not go on.
func TestConsumeFailsWhereItsClientIsClosed(t *testing.T) {
	t.Parallel()
	for name, delivering := range map[string]bool{"while it is idle": false, "while it delivers": true} {
		t.Run(name, func(t *testing.T) {
			connect, config := miniredisDial(t), quick()
			client := connect()
			bus := newBackend(client, config)
			publish(t, bus, "a", "1")
			begun, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			deliver := each(func(context.Context, ports.Event) error {
				close(begun)
				<-goOn
				return nil
			})
			go func() { ended <- bus.Consume(t.Context(), deliver) }()
			receive(t, begun)
			if !delivering {
				close(goOn)
				drained(t, newBackend(connect.connect(t), config))
			}
			success(t, client.Close())
			if delivering {
				close(goOn)
			}
			if err := receive(t, ended); !errors.Is(err, goredis.ErrClosed) {
				t.Errorf("Consume returned %v, want %v", err, goredis.ErrClosed)
			}
		})
	}
}
