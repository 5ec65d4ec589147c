package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/otel"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/ports"
)

// backend is what a choice of -store comes to. Nothing else in the program
// depends on it.
type backend struct {
	store   ports.Store
	bus     ports.EventBus
	pusher  ports.Pusher
	history schema.History

	// deliver hands the bus's events to the engine until the context ends.
	deliver func(context.Context, *core.Engine) error
	// join keeps the process in its fleet until the context ends; nil where there
	// is none. Joined waits until other processes can reach this one.
	join   func(context.Context, *core.Engine) error
	joined func(context.Context) error
	close  func() error
	// measure adds what only the backend knows to the metrics; nil where that is
	// nothing.
	measure func(*otel.Observer) error
}

// storeOptions are the flags that choose a backend.
type storeOptions struct {
	store, redis, dynamoDB, process, telemetry string
}

func newBackend(ctx context.Context, options storeOptions, sockets *websocket.Server) (*backend, error) {
	switch options.store {
	case "memory":
		return memoryBackend(sockets)
	case "redis":
		return redisBackend(strings.Split(options.redis, ","), options.process, sockets)
	case "dynamodb":
		return dynamoDBBackend(ctx, options.dynamoDB, sockets)
	}
	return nil, fmt.Errorf("-store: %q is none of memory, redis, dynamodb", options.store)
}

func memoryBackend(sockets *websocket.Server) (*backend, error) {
	kept, err := memory.New(memory.Config{})
	if err != nil {
		return nil, err
	}
	return &backend{
		store: kept, bus: kept, pusher: sockets,
		history: schema.NewMemoryHistory(schema.DefaultRooms()...),
		deliver: func(ctx context.Context, engine *core.Engine) error { return kept.Consume(ctx, engine.Deliver) },
		joined:  func(context.Context) error { return nil },
		close:   func() error { return nil },
	}, nil
}

// background is what runs beside the server: whatever ends first ends the rest. The
// process stays in the fleet until it has delivered what it had under way.
func (b *backend) background(ctx context.Context, engine *core.Engine) []func() error {
	member, leave := context.WithCancel(context.WithoutCancel(ctx))
	tasks := []func() error{func() error { defer leave(); return b.deliver(ctx, engine) }}
	if b.join != nil {
		tasks = append(tasks, func() error { return b.join(member, engine) })
	}
	return tasks
}

// answers is a readiness check: it asks the store for a connection that nobody
// has.
func (b *backend) answers(ctx context.Context) error {
	if _, err := b.store.GetConnection(ctx, "readyz"); !errors.Is(err, ports.ErrNotFound) {
		return err
	}
	return nil
}
