package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/cmd/fanql/internal/doctor"
	"github.com/fanql/fanql/cmd/fanql/internal/letters"
	"github.com/fanql/fanql/fanqllambda/onredis"
	"github.com/fanql/fanql/ports"
)

// redisDatabase is a deployment on Redis.
type redisDatabase struct {
	*redis.Backend
	settings *settings
	config   redis.Config
	options  *goredis.UniversalOptions
}

func (s *settings) openRedis() (*redisDatabase, error) {
	d := &redisDatabase{settings: s}
	logging.Disable() // what go-redis logs is in the errors too
	made, err := onredis.New(onredis.Config{
		Getenv: s.get,
		Client: func(o *goredis.UniversalOptions) { o.MaxRetries = 1; d.options = o },
		Backend: func(c *redis.Config) {
			c.Partitions, c.Now = s.command.Int("redis-partitions"), s.now
			c.Logger = slog.New(slog.DiscardHandler) // what fails is printed
			// This process is a member of the fleet for seconds, and must not reap others.
			c.DeadAfter = time.Minute
			d.config = *c
		},
	})
	if err != nil {
		return nil, misused("%s", cause(err))
	}
	d.Backend = made.Backend
	return d, nil
}

// cause is what is behind the first words of an adapter's error.
func cause(err error) error {
	if of, ok := errors.AsType[*ports.Error](err); ok && of.Err != nil {
		return of.Err
	}
	return err
}

func (d *redisDatabase) done() { _ = d.config.Client.Close() }

func (d *redisDatabase) follow(
	ctx context.Context, topic ports.Topic, since time.Time, show func(ports.Event), missed func(int),
) error {
	return d.Tail(ctx, topic, since, show, missed)
}

func (d *redisDatabase) letters(context.Context) (letters.Box, error) {
	return letters.OfRedis(d.Backend), nil
}

// closeSocket joins the fleet for as long as it takes, and has the process close the
// socket that its address names. A socket of API Gateway is closed there.
func (d *redisDatabase) closeSocket(ctx context.Context, address ports.Address, code int, reason string) error {
	if isURL(address.Endpoint) {
		aws, err := d.settings.loadAWS(ctx)
		if err != nil {
			return err
		}
		return closeOnGateway(ctx, aws, address, code, reason)
	}
	router, err := d.Router("fanql "+rand.Text(), nil)
	if err != nil {
		return err
	}
	running, end := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- router.Run(running, leaveToOthers) }()
	err = router.Ready(ctx)
	if err == nil {
		err = router.Close(ctx, address, code, reason)
	}
	end()
	return errors.Join(err, <-ended)
}

// leaveToOthers disconnects nobody: whose process died, the fleet disconnects, with
// the hooks of the program.
func leaveToOthers(context.Context, ports.Disconnection) error {
	return errors.New("left to the processes of the fleet")
}

func (d *redisDatabase) diagnose(ctx context.Context) []doctor.Finding {
	return doctor.Redis(ctx, doctor.RedisSetup{
		Client: d.config.Client, Options: d.options, Backend: d.Backend, Prefix: d.config.Prefix, Now: d.settings.now,
	})
}
