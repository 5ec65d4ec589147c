//go:build integration

package redis_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
)

// busBench is a bus that is never full.
func busBench(b *testing.B, client goredis.UniversalClient) *redis.Backend {
	b.Helper()
	config := quick()
	config.Partitions, config.MaxQueued, config.LeaseTTL = 0, 1<<30, 0
	b.Cleanup(func() {
		for partition := range 16 {
			client.Del(context.Background(), fmt.Sprintf("%s{b:%d}:events", config.Prefix, partition))
		}
	})
	return newBackend(client, config)
}

func BenchmarkBusPublish(b *testing.B) {
	client := server.Client()
	defer client.Close()
	for _, size := range []int{1, 100} {
		b.Run(fmt.Sprintf("events=%d", size), func(b *testing.B) {
			bus := busBench(b, client)
			batch := events("t", number(size)...)
			b.ReportAllocs()
			for b.Loop() {
				if err := bus.Publish(b.Context(), batch...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkBusConsume delivers 20,000 events of 100 topics that wait.
func BenchmarkBusConsume(b *testing.B) {
	client := server.Client()
	defer client.Close()
	const total = 20_000
	for b.Loop() {
		b.StopTimer()
		bus := busBench(b, client)
		for i := range 100 {
			if err := bus.Publish(b.Context(), events(ports.Topic(fmt.Sprint(i)), number(total/100)...)...); err != nil {
				b.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(b.Context())
		var delivered atomic.Int64
		b.StartTimer()
		err := bus.Consume(ctx, func(_ context.Context, events []ports.Event) []error {
			if delivered.Add(int64(len(events))) == total {
				cancel()
			}
			return make([]error, len(events))
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*total)/b.Elapsed().Seconds(), "events/s")
}
