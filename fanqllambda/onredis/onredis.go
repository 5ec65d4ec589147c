// Package onredis makes a backend on Redis of the environment of a Lambda function,
// or of a worker:
//
//	FANQL_REDIS_ADDRESSES  host and port; several, with commas between, are nodes of
//	                       one Cluster
//	FANQL_REDIS_USERNAME   the user, and
//	FANQL_REDIS_PASSWORD   the password; alone it is an AUTH token. Both empty: no
//	                       authentication
//	FANQL_REDIS_TLS        on or off; on when empty
//	FANQL_REDIS_CLUSTER    on or off; on when empty
//	FANQL_REDIS_PREFIX     redis.Config.Prefix: the same in all of them
//
// TLS and Cluster are on because ElastiCache Serverless demands both.
package onredis

import (
	"crypto/tls"
	"log/slog"
	"os"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/fanql/fanql/adapters/redis"
)

// Config changes what the environment comes to. No field is required.
type Config struct {
	// Getenv reads the variables. Default: os.Getenv.
	Getenv func(name string) string
	// Client changes the options of the client. Default: nothing is changed.
	Client func(*goredis.UniversalOptions)
	// Backend changes the configuration of the backend. Default: nothing is changed.
	Backend func(*redis.Config)
}

// Backend is a redis.Backend with its client. The client is open as long as the
// process; a worker closes it when Work has returned.
type Backend struct {
	*redis.Backend
	Client goredis.UniversalClient
}

// New makes a backend. It does no I/O. Events that are given up are logged to
// slog.Default(). ErrInvalid: a variable is missing or wrong; the error names all of
// them.
//
// The client keeps 4 connections to a node at most, since a function has one
// invocation at a time, and there may be thousands of it. A worker needs two for
// each partition, 32: Config.Client sets PoolSize.
func New(config Config) (*Backend, error) {
	if config.Getenv == nil {
		config.Getenv = os.Getenv
	}
	options, prefix, err := read(config.Getenv)
	if err != nil {
		return nil, err
	}
	if config.Client != nil {
		config.Client(options)
	}
	logger, client := slog.Default(), goredis.NewUniversalClient(options)
	backend := redis.Config{
		Client: client, Prefix: prefix, Logger: logger,
		OnDeadLetter: func(letter redis.DeadLetter) {
			logger.Error("an event was given up",
				slog.String("event", letter.Event.ID), slog.Int("attempts", letter.Attempts), slog.Any("error", letter.Cause))
		},
	}
	if config.Backend != nil {
		config.Backend(&backend)
	}
	made, err := redis.New(backend)
	if err != nil {
		_ = client.Close() // which nobody else has
		return nil, err
	}
	return &Backend{Backend: made, Client: backend.Client}, nil
}

// newOptions is a client for processes that are frozen between two invocations.
func newOptions() *goredis.UniversalOptions {
	return &goredis.UniversalOptions{
		ContextTimeoutEnabled: true,
		DialTimeout:           2 * time.Second,
		ReadTimeout:           3 * time.Second,
		PoolSize:              4,
		// What a frozen function kept for long may be dead.
		ConnMaxIdleTime:          time.Minute,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}, // Redis Cloud's own
		TLSConfig:                &tls.Config{MinVersion: tls.VersionTLS12},
	}
}
