// Package backend is what the chat's programs on Redis and API Gateway have in
// common, the Lambda functions and the worker: settings, client, engine.
package backend

import (
	"crypto/tls"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/chat/internal/redishistory"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/ports"
)

// Logger writes JSON, which CloudWatch understands.
func Logger() *slog.Logger { return slog.New(slog.NewJSONHandler(os.Stderr, nil)) }

// NewClient returns a client that keeps at most so many connections to a node. It
// does no I/O.
func (s Settings) NewClient(connections int) goredis.UniversalClient {
	options := &goredis.UniversalOptions{
		Addrs: s.Addresses, IsClusterMode: s.Cluster,
		Username: s.Username, Password: s.Password,
		ContextTimeoutEnabled: true,
		DialTimeout:           2 * time.Second,
		ReadTimeout:           3 * time.Second,
		PoolSize:              connections,
		// What a frozen function kept for long may be dead.
		ConnMaxIdleTime:          time.Minute,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}, // Redis Cloud's own
	}
	if s.TLS {
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return goredis.NewUniversalClient(options)
}

// NewBackend returns what the functions and the worker share, with the same settings
// in all of them. The logger is told of what the worker gives up.
func (s Settings) NewBackend(client goredis.UniversalClient, logger *slog.Logger) (*redis.Backend, error) {
	return redis.New(redis.Config{
		Client: client, Prefix: s.Prefix, Logger: logger,
		OnDeadLetter: func(letter redis.DeadLetter) {
			logger.Error("an event was given up", "event", letter.Event.ID, "attempts", letter.Attempts, "error", letter.Cause)
		},
	})
}

// NewEngine composes the chat's engine on a store and a bus. It does no I/O: a cold
// start waits for it.
func (s Settings) NewEngine(
	client goredis.UniversalClient, store ports.Store, bus ports.EventBus, credentials aws.CredentialsProvider, logger *slog.Logger,
) (*core.Engine, error) {
	chat, err := schema.New(redishistory.New(client))
	if err != nil {
		return nil, err
	}
	pusher, err := apigw.NewPusher(apigw.PusherConfig{Region: s.Region, Credentials: credentials, Endpoint: s.Endpoint})
	if err != nil {
		return nil, err
	}
	return core.New(core.Config{
		Schema: chat,
		Store:  store,
		Bus:    bus,
		Pusher: pusher,
		Hooks:  schema.Hooks(),
		Logger: logger,
	})
}
