//go:build integration

package redis_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
)

// tailing runs a tail, and returns what it shows; stop ends the tail.
func tailing(t *testing.T, bus *redis.Backend, since time.Time) (shown <-chan string, missed *atomic.Int64, stop func()) {
	t.Helper()
	ids, ctx := make(chan string, 1000), t.Context()
	missed = &atomic.Int64{}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- bus.Tail(ctx, "t", since, func(event ports.Event) { ids <- event.ID }, func(n int) { missed.Add(int64(n)) })
	}()
	return ids, missed, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Tail: %v", err)
		}
	}
}

// TestTailShowsATopicAndConsumesNothing: what waits is shown, then what comes, and all
// of it is delivered afterwards.
func TestTailShowsATopicAndConsumesNothing(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, client goredis.UniversalClient) {
		config := quick()
		config.Partitions = 1
		bus := newBackend(client, config)
		first := number(250)
		for part := range slices.Chunk(first, 50) {
			publish(t, bus, "t", part...)
			publish(t, bus, "u", "of another topic")
		}
		shown, missed, stop := tailing(t, bus, time.Unix(0, 0))
		for _, want := range first {
			if got := <-shown; got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		publish(t, bus, "t", "later")
		if got := <-shown; got != "later" {
			t.Errorf("got %q, want the event that came later", got)
		}
		stop()
		if missed.Load() != 0 {
			t.Errorf("%d events were missed, want none", missed.Load())
		}
		var delivered record
		end := consuming(t, bus, delivered.deliver)
		drained(t, bus)
		end()
		if got := len(delivered.ids("t")); got != 251 {
			t.Errorf("%d events were delivered after the tail, want 251", got)
		}
	})
}

// TestTailCountsWhatItMissed: an event that came and went between two reads is
// counted.
func TestTailCountsWhatItMissed(t *testing.T) {
	t.Parallel()
	config := quick()
	config.Partitions = 1
	client := server.Client()
	defer client.Close()
	bus := newBackend(client, config)
	shown, missed, stop := tailing(t, bus, time.Time{})
	defer stop()
	stream := config.Prefix + "{b:0}:events"
	eventually(t, "an event is missed", func() bool {
		// Both at once, so that no reader is served in between.
		_, err := client.TxPipelined(t.Context(), func(pipe goredis.Pipeliner) error {
			pipe.XAdd(t.Context(), &goredis.XAddArgs{Stream: stream, Values: []string{"topic", "u"}})
			pipe.XTrimMaxLen(t.Context(), stream, 0)
			return nil
		})
		success(t, err)
		return missed.Load() > 0
	})
	publish(t, bus, "t", "seen")
	if got := <-shown; got != "seen" {
		t.Errorf("got %q, want the event that was published last", got)
	}
}

func TestTailOfNoTopic(t *testing.T) {
	t.Parallel()
	client := server.Client()
	defer client.Close()
	if err := newBackend(client, quick()).Tail(t.Context(), "", time.Time{}, nil, nil); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("got the error %v, want ErrInvalid", err)
	}
}
