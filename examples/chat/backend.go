package main

import (
	"context"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/otel"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/examples/chat/redishistory"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/ports"
)

// backend is what a choice of -store comes to. Nothing else in the program
// depends on it.
type backend struct {
	kept    ports.Backend
	history schema.History
	close   func() error
	// measure adds what only the backend knows to the metrics; nil where that is
	// nothing.
	measure func(*otel.Observer) error
}

func newBackend(ctx context.Context, options options) (*backend, error) {
	switch options.store {
	case "memory":
		return memoryBackend()
	case "redis":
		return redisBackend(strings.Split(options.redis, ","))
	case "dynamodb":
		return dynamoDBBackend(ctx, options.dynamoDB)
	}
	return nil, fmt.Errorf("-store: %q is none of memory, redis, dynamodb", options.store)
}

func memoryBackend() (*backend, error) {
	kept, err := memory.New(memory.Config{})
	return &backend{
		kept:    kept,
		history: schema.NewMemoryHistory(schema.DefaultRooms()...),
		close:   func() error { return nil },
	}, err
}

// redisBackend is for a fleet: any number of these programs on one Redis, each
// with its own sockets. Several addresses are those of a Cluster.
func redisBackend(addresses []string) (*backend, error) {
	client := goredis.NewUniversalClient(&goredis.UniversalOptions{Addrs: addresses, ContextTimeoutEnabled: true})
	kept, err := redis.New(redis.Config{Client: client})
	return &backend{
		kept:    kept,
		history: redishistory.New(client),
		close:   client.Close,
		measure: func(observer *otel.Observer) error { return measureBus(observer, kept) },
	}, err
}
