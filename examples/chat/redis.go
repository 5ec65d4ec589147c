package main

import (
	"context"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/otel"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/chat/internal/redishistory"
)

// redisBackend is for a fleet: any number of these programs on one Redis, each
// with its own sockets. Several addresses are those of a Cluster.
func redisBackend(addresses []string, process string, sockets *websocket.Server) (*backend, error) {
	client := goredis.NewUniversalClient(&goredis.UniversalOptions{Addrs: addresses, ContextTimeoutEnabled: true})
	kept, err := redis.New(redis.Config{Client: client})
	if err != nil {
		return nil, err
	}
	router, err := kept.Router(process, sockets)
	if err != nil {
		return nil, err
	}
	return &backend{
		store: kept, bus: kept, pusher: router,
		history: redishistory.New(client),
		deliver: func(ctx context.Context, engine *core.Engine) error { return kept.Consume(ctx, engine.Deliver) },
		join:    func(ctx context.Context, engine *core.Engine) error { return router.Run(ctx, engine.Disconnect) },
		joined:  router.Ready,
		close:   client.Close,
		measure: func(observer *otel.Observer) error { return measureBus(observer, kept) },
	}, nil
}
