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
func redisBackend(addresses []string, process string, sockets *websocket.Server) *backend {
	client := goredis.NewUniversalClient(&goredis.UniversalOptions{Addrs: addresses, ContextTimeoutEnabled: true})
	store, bus := redis.NewStore(client, redis.StoreConfig{}), redis.NewBus(client, redis.BusConfig{})
	router := redis.NewRouter(client, sockets, redis.RouterConfig{Process: process})
	return &backend{
		store: store, bus: bus, pusher: router,
		history: redishistory.New(client),
		deliver: func(ctx context.Context, engine *core.Engine) error { return bus.Consume(ctx, engine.Deliver) },
		join:    func(ctx context.Context, engine *core.Engine) error { return router.Run(ctx, engine) },
		ready:   router.Ready(),
		close:   client.Close,
		measure: func(observer *otel.Observer) error { return measureBus(observer, bus) },
	}
}
