// Redis is the chat for a fleet: any number of these programs on one Redis, each with its
// own sockets.
package main

import (
	"context"
	"errors"
	"flag"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/examples/chat/internal/server"
	"github.com/fanql/fanql/examples/chat/redishistory"
)

// options are the flags that no other chat has.
type options struct{ redis, process, telemetry string }

func main() {
	var options options
	flags := server.NewFlags()
	flag.StringVar(&options.redis, "redis", "127.0.0.1:6379", "address of Redis; several, with commas between, are a Cluster's")
	flag.StringVar(&options.process, "process", "", "name of this process in its fleet, which no other has; none makes one up")
	flag.StringVar(&options.telemetry, "telemetry", "", "file to write traces and metrics to, as JSON; none, nothing is recorded")
	server.Main(func(ctx context.Context) error { return run(ctx, flags, options) })
}

func run(ctx context.Context, flags *server.Flags, options options) (err error) {
	client := goredis.NewUniversalClient(&goredis.UniversalOptions{
		Addrs: strings.Split(options.redis, ","), ContextTimeoutEnabled: true,
	})
	defer func() { err = errors.Join(err, client.Close()) }()
	backend, err := redis.New(redis.Config{Client: client})
	if err != nil {
		return err
	}
	telemetry, err := newTelemetry(options.telemetry)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, telemetry.close(context.WithoutCancel(ctx))) }()
	return server.Run(ctx, flags, server.Parts{
		Backend: backend, History: redishistory.New(client), Process: options.process, Observer: telemetry.observer(),
		Made: func(server *fanql.Server) error { return telemetry.measure(server, backend) },
	})
}
