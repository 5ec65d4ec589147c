package redis_test

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

// busContract runs the suites of a bus, once with batches of each size; each of their
// checks has its own prefix.
func busContract(t *testing.T, client goredis.UniversalClient, sizes ...int) {
	t.Helper()
	for _, maxBatch := range sizes {
		t.Run(fmt.Sprintf("batch size %d", maxBatch), func(t *testing.T) {
			adapter := porttest.BusAdapter{
				New: func(*testing.T) (ports.EventBus, ports.EventSource) {
					bus := newBackend(client, redis.Config{
						Prefix: rand.Text() + ":", MaxQueued: 200, MaxPayloadBytes: 50_000, MaxBatch: maxBatch,
						LeaseTTL: time.Hour, PollInterval: time.Millisecond,
						Backoff: func(int) time.Duration { return time.Millisecond },
					})
					return bus, bus
				},
				Capacity: 200,
				TooLarge: 50_001,
			}
			porttest.TestBus(t, adapter)
			porttest.TestEventSource(t, adapter)
		})
	}
}

// TestBusContract leaves batches of one event, of which scripts run most, to the servers.
func TestBusContract(t *testing.T) {
	t.Parallel()
	busContract(t, miniredisDial(t).connect(t), 0)
}
