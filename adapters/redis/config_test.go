package redis_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

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

func TestConfigurationsThatAreRefused(t *testing.T) {
	t.Parallel()
	client := miniredisDial(t).connect(t)
	for _, test := range []struct {
		config redis.Config
		want   string
	}{
		{redis.Config{}, "redis.Config.Client is required"},
		{redis.Config{Client: (*goredis.Client)(nil)}, "redis.Config.Client is required"},
		{redis.Config{Client: (*goredis.ClusterClient)(nil)}, "redis.Config.Client is required"},
		{redis.Config{Client: client, PageSize: 10_001}, "redis.Config.PageSize is 10001, and has to be 10000 at most"},
		{redis.Config{Client: client, Partitions: 1025}, "redis.Config.Partitions is 1025, and has to be 1024 at most"},
		{redis.Config{Client: client, Partitions: math.MaxInt}, fmt.Sprintf("redis.Config.Partitions is %d, and has to be 1024 at most", math.MaxInt)},
		{redis.Config{Client: client, LeaseTTL: 1}, "redis.Config.LeaseTTL is 1ns, and has to be 1ms at least"},
		{redis.Config{Client: client, PollInterval: time.Microsecond}, "redis.Config.PollInterval is 1µs, and has to be 1ms at least"},
		{redis.Config{Client: client, DrainTimeout: 1}, "redis.Config.DrainTimeout is 1ns, and has to be 1ms at least"},
		{redis.Config{Client: client, Heartbeat: time.Millisecond - 1}, "redis.Config.Heartbeat is 999.999µs, and has to be 1ms at least"},
		{redis.Config{Client: client, DeadAfter: 1}, "redis.Config.DeadAfter is 1ns, and has to be 1ms at least"},
		{redis.Config{Client: client, AnswerTimeout: 1}, "redis.Config.AnswerTimeout is 1ns, and has to be 1ms at least"},
		{redis.Config{Client: client, DeadAfter: 2 * time.Second}, "redis.Config.DeadAfter is 2s, and has to be longer than Heartbeat, which is 2s"},
		{redis.Config{Client: client, Heartbeat: time.Minute, DeadAfter: 3 * time.Second}, "redis.Config.DeadAfter is 3s, and has to be longer than Heartbeat, which is 1m0s"},
	} {
		_, err := redis.New(test.config)
		if want := "redis.New: invalid: " + test.want; !errors.Is(err, ports.ErrInvalid) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestConfigurationsAtTheirBounds(t *testing.T) {
	t.Parallel()
	client := miniredisDial(t).connect(t)
	for _, config := range []redis.Config{
		{PageSize: 10_000, Partitions: 1024},
		{
			LeaseTTL: time.Millisecond, PollInterval: time.Millisecond, DrainTimeout: time.Millisecond,
			Heartbeat: time.Millisecond, AnswerTimeout: time.Millisecond,
		},
		{LeaseTTL: math.MaxInt64, PollInterval: math.MaxInt64, DrainTimeout: math.MaxInt64, Heartbeat: math.MaxInt64, AnswerTimeout: math.MaxInt64},
		{MaxQueued: math.MaxInt, MaxPayloadBytes: math.MaxInt, MaxBatch: math.MaxInt, MaxHeld: math.MaxInt, MaxAttempts: math.MaxInt, MaxDeadLetters: math.MaxInt, MaxRoutedBytes: math.MaxInt},
	} {
		config.Client = client
		if _, err := redis.New(config); err != nil {
			t.Error(err)
		}
	}
}
