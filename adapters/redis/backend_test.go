package redis_test

import (
	"log/slog"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/internal/must"
)

// newBackend is a backend through a client. It logs nothing unless it is to.
func newBackend(client goredis.UniversalClient, config redis.Config) *redis.Backend {
	config.Client = client
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	return must.Make(redis.New(config))
}
