//go:build integration

package redis_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/internal/model"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

// TestModelOnServer plays histories on the store of a real Redis. Its bus is in
// memory: a worker's subscription waits on a socket, and in a bubble time would
// never pass.
func TestModelOnServer(t *testing.T) {
	t.Parallel()
	prefix := "model:" + rand.Text() + ":" // the server keeps what a former run of the same histories has left
	model.Test(t, model.Adapter{Name: "redis server", New: func(t *testing.T, history model.History) model.Backend {
		client := server.Client()
		t.Cleanup(func() { _ = client.Close() })
		bus := must.Make(memory.New(memory.Config{
			MaxAttempts: 1000, Backoff: func(int) time.Duration { return 10 * time.Millisecond },
		})).Bus
		return model.Backend{
			Store: func(*portfault.Process) ports.Store {
				return newBackend(client, redis.Config{Prefix: prefix + history.Name + ":", Now: history.Now})
			},
			Bus:    func(*portfault.Process) ports.EventBus { return bus },
			Source: func(*portfault.Process) ports.EventSource { return bus },
			Idle: func() {
				if err := bus.Flush(t.Context()); err != nil {
					t.Error(err)
				}
			},
		}
	}}, 40)
}
