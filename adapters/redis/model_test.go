package redis_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/internal/model"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

// TestModel plays random histories with faults, of single requests too; see
// internal/model.
func TestModel(t *testing.T) {
	t.Parallel()
	model.Test(t, model.Adapter{Name: "redis", New: newModelBackend}, 20)
}

// newModelBackend is a server of its own for every history.
func newModelBackend(t *testing.T, history model.History) model.Backend {
	server := miniredis.NewMiniRedis()
	clients := modelClients{dial: func(context.Context, string, string) (net.Conn, error) { return server.Dial() }}
	ending, end := context.WithCancel(t.Context())
	var passing sync.WaitGroup
	passing.Go(func() { pass(ending, server) })
	stop := sync.OnceFunc(func() {
		end()
		passing.Wait()
	})
	t.Cleanup(func() {
		stop()
		clients.close(t)
		server.Close()
	})
	bus := func(process *portfault.Process) *redis.Backend {
		return newBackend(clients.of(process), redis.Config{
			Partitions: 2, LeaseTTL: 5 * time.Second, PollInterval: 500 * time.Millisecond,
			MaxAttempts: 1000, // nothing is given up
			Backoff:     func(int) time.Duration { return 10 * time.Millisecond },
		})
	}
	return model.Backend{
		Store: func(process *portfault.Process) ports.Store {
			return newBackend(clients.of(process), redis.Config{Now: history.Now})
		},
		History: func(process *portfault.Process) ports.History {
			return newBackend(clients.of(process), redis.Config{Now: history.Now, Partitions: 2})
		},
		Bus:    func(process *portfault.Process) ports.EventBus { return bus(process) },
		Source: func(process *portfault.Process) ports.EventSource { return bus(process) },
		Idle: func() {
			watching := newBackend(clients.of(nil), redis.Config{Partitions: 2})
			for waiting(t, watching) > 0 {
				<-time.After(100 * time.Millisecond)
			}
		},
		Stop: stop,
	}
}

// pass has the server's keys expire as time passes.
func pass(ctx context.Context, server *miniredis.Miniredis) {
	const step = 250 * time.Millisecond
	for {
		select {
		case <-time.After(step):
			server.FastForward(step)
		case <-ctx.Done():
			return
		}
	}
}

// modelClients are the clients of a history's processes, one each.
type modelClients struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu  sync.Mutex
	all map[*portfault.Process]*goredis.Client
}

// of is the client of a process; that of none has no faults.
func (c *modelClients) of(process *portfault.Process) *goredis.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[*portfault.Process]*goredis.Client{}
	}
	client := c.all[process]
	if client == nil {
		client = goredis.NewClient(&goredis.Options{Addr: "127.0.0.1:1", Dialer: c.dial}) // which dials what it likes
		if process != nil {
			client.AddHook(faultyLine{process})
		}
		c.all[process] = client
	}
	return client
}

func (c *modelClients) close(t *testing.T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range c.all {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
}

// faultyLine is the connection between a process and Redis.
type faultyLine struct{ process *portfault.Process }

func (faultyLine) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (l faultyLine) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, command goredis.Cmder) error {
		if command.Name() == "hello" || command.Name() == "client" { // which begin a connection
			return next(ctx, command)
		}
		err := l.process.Do(ctx, "redis."+command.Name(), "", func(ctx context.Context) error { return next(ctx, command) })
		command.SetErr(err)
		return err
	}
}

func (l faultyLine) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, commands []goredis.Cmder) error {
		if commands[0].Name() == "hello" || commands[0].Name() == "client" {
			return next(ctx, commands)
		}
		err := l.process.Do(ctx, "redis.pipeline", "", func(ctx context.Context) error { return next(ctx, commands) })
		for _, command := range commands {
			if err != nil && command.Err() == nil {
				command.SetErr(err)
			}
		}
		return err
	}
}
