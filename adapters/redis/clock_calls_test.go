package redis_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// asked counts what a client asks the time for.
type asked struct{ times atomic.Int64 }

func (a *asked) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (a *asked) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, command goredis.Cmder) error {
		if command.Name() == "time" {
			a.times.Add(1)
		}
		return next(ctx, command)
	}
}

func (a *asked) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

// timed is a Redis whose clock a test sets, with a client for each process.
func timed(t *testing.T) (*miniredis.Miniredis, func() (goredis.UniversalClient, *asked)) {
	server := miniredis.RunT(t)
	return server, func() (goredis.UniversalClient, *asked) {
		client, counter := goredis.NewClient(&goredis.Options{Addr: server.Addr()}), &asked{}
		client.AddHook(counter)
		t.Cleanup(func() { _ = client.Close() })
		return client, counter
	}
}

// TestProcessWhoseClockIsWrong: rows that have expired by its clock are there all the
// same, and those that it writes may be gone for others. So nothing that it asks for
// succeeds, nor fails as if something were absent.
func TestProcessWhoseClockIsWrong(t *testing.T) {
	t.Parallel()
	server, client := timed(t)
	address, expires := ports.Address{ID: "connection"}, time.Now().Add(time.Hour)
	ref := ports.OperationRef{Connection: "connection", ID: "1"}
	operation := ports.Operation{Ref: ref, Address: address, Topics: []ports.Topic{"topic"}, ReceivedAt: time.Now(), ExpiresAt: expires}
	keep := ports.Retention{Count: 1, Age: time.Hour}
	kept := ports.Event{ID: "1", Topic: "topic", Kind: ports.EventData, Position: "1", Keep: keep}
	own, _ := client()
	right := newBackend(own, redis.Config{})
	success(t, right.CreateConnection(t.Context(), ports.Connection{Address: address, ExpiresAt: expires}))
	success(t, right.AddOperation(t.Context(), operation))
	for name, redisIs := range map[string]time.Duration{"ahead": -4 * time.Hour, "behind": 4 * time.Hour} {
		server.SetTime(time.Now().Add(redisIs))
		other, _ := client()
		wrong := newBackend(other, redis.Config{})
		for call, err := range map[string]error{
			"CreateConnection": wrong.CreateConnection(t.Context(), ports.Connection{Address: ports.Address{ID: "other"}, ExpiresAt: expires}),
			"GetConnection":    second(wrong.GetConnection(t.Context(), "absent")),
			"TouchConnection":  wrong.TouchConnection(t.Context(), "absent", expires),
			"DeleteConnection": second(wrong.DeleteConnection(t.Context(), "connection")),
			"AddOperation":     wrong.AddOperation(t.Context(), operation),
			"RemoveOperation":  second(wrong.RemoveOperation(t.Context(), ref, operation.ReceivedAt)),
			"ListSubscribers":  second(wrong.ListSubscribers(t.Context(), "topic", ports.PageRequest{})),
			"GetSubscriber":    second(wrong.GetSubscriber(t.Context(), "topic", ref)),
			"MovePlace":        wrong.MovePlace(t.Context(), "topic", ref, operation.ReceivedAt, 0, ports.Place{Version: 1}),
			"SaveCheckpoint":   wrong.SaveCheckpoint(t.Context(), "topic", ports.Checkpoint{ExpiresAt: expires}),
			"Append":           second(wrong.Append(t.Context(), "topic", kept)),
			"Head":             second(wrong.Head(t.Context(), "topic", keep)),
			"Consume":          wrong.Consume(t.Context(), func(context.Context, []ports.Event) []error { return nil }),
		} {
			clock, ok := errors.AsType[*ports.ClockError](err)
			if !ok || clock.Ahead.Round(time.Minute) != -redisIs {
				t.Errorf("%s, %s: got error %v, want one that says how far the clock is off", name, call, err)
			}
			if failed, ok := errors.AsType[*ports.Error](err); !ok || failed.Kind != nil {
				t.Errorf("%s, %s: the error is of a kind: %v", name, call, err)
			}
		}
		server.SetTime(time.Now())
		if page, err := wrong.ListSubscribers(t.Context(), "topic", ports.PageRequest{}); err != nil || len(page.Subscribers) != 1 {
			t.Errorf("%s: when the clock is right, %d subscribers are listed, error %v, want 1", name, len(page.Subscribers), err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestClocksAreComparedOnce: not at every call.
func TestClocksAreComparedOnce(t *testing.T) {
	t.Parallel()
	_, client := timed(t)
	own, counter := client()
	backend := newBackend(own, redis.Config{})
	for range 100 {
		_, err := backend.ListSubscribers(t.Context(), "topic", ports.PageRequest{})
		success(t, err)
	}
	if got := counter.times.Load(); got != 1 {
		t.Errorf("the time was asked for %d times, want once", got)
	}
}

// TestWorkerWhoseClockIsWrong: it delivers nothing, which would fail too often, until
// its clock is right.
func TestWorkerWhoseClockIsWrong(t *testing.T) {
	t.Parallel()
	server, client := timed(t)
	own, _ := client()
	dead := make(chan redis.DeadLetter, 10)
	backend := newBackend(own, redis.Config{
		LeaseTTL: 200 * time.Millisecond, Backoff: func(int) time.Duration { return time.Millisecond },
		OnDeadLetter: func(letter redis.DeadLetter) { dead <- letter },
	})
	delivered := make(chan ports.Event, 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- backend.Consume(ctx, func(_ context.Context, events []ports.Event) []error {
			for _, event := range events {
				delivered <- event
			}
			return make([]error, len(events))
		})
	}()
	publisher := must.Make(core.NewPublisher(core.PublisherConfig{Bus: backend}))
	publish := func(n int) { success(t, publisher.Publish(t.Context(), core.NewTopic[int]("topic").Event(n))) }
	publish(1)
	receive(t, delivered)
	server.SetTime(time.Now().Add(4 * time.Hour))
	waitUntil(t, func() bool { return len(leases(server)) == 0 })
	publish(2)
	if len(delivered) > 0 {
		t.Error("an event is delivered by a process whose clock is wrong")
	}
	server.SetTime(time.Now())
	receive(t, delivered)
	cancel()
	success(t, receive(t, ended))
	if len(dead) > 0 {
		t.Errorf("%d events are dead letters", len(dead))
	}
}

// leases are the keys of partitions that a worker has.
func leases(server *miniredis.Miniredis) (found []string) {
	for _, key := range server.Keys() {
		if strings.Contains(key, "lease") {
			found = append(found, key)
		}
	}
	return found
}
