package redis_test

import (
	"errors"
	"testing"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	client := miniredisDial(t).connect(t)
	porttest.TestSettings(t, redis.Config{Client: client}, func(config redis.Config) error {
		_, err := redis.New(config)
		return err
	})
}

func TestClientIsRequired(t *testing.T) {
	t.Parallel()
	_, err := redis.New(redis.Config{})
	if want := "redis.New: invalid: redis.Config.Client is required"; !errors.Is(err, ports.ErrInvalid) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
