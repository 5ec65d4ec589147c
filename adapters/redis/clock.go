package redis

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

const (
	// clockInterval is how long a comparison of the clocks holds.
	clockInterval = time.Minute
	// clockJump is by how much the process's clock may be set in between.
	clockJump = time.Minute
)

func isClockWrong(err error) bool {
	_, wrong := errors.AsType[*ports.ClockError](err)
	return wrong
}

// clocks compares the clock of the process with that of Redis, once in a minute: at a
// call, where a worker or a router has not asked for the time anyway. A clock that is
// set meanwhile is found out without a command, because the monotonic time goes on.
//
// While a clock is wrong every call of a Store and a History fails, and Consume gives its
// partitions to other processes, or fails if the clock is wrong at its start. Sockets of
// the process stay open, and receive what other processes deliver.
type clocks struct {
	client goredis.UniversalClient
	// key is one whose server check asks.
	key string
	// unchecked: Config.Now is another clock than the process's.
	unchecked bool
	// turn has a value while somebody asks for check.
	turn chan struct{}
	// right is when the clock was last found to be right.
	right atomic.Pointer[time.Time]
}

func newClocks(config Config) *clocks {
	return &clocks{
		client: config.Client, key: newKeyspace(config.Prefix).key(kindFleet, "", "members"),
		unchecked: config.Now != nil, turn: make(chan struct{}, 1),
	}
}

// check fails with a ports.ClockError where the clock of the process is wrong, and with
// another error where Redis does not say.
func (c *clocks) check(ctx context.Context) error {
	if c.unchecked || c.holds() {
		return nil
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.holds() {
		return nil
	}
	_, err := c.time(ctx, c.key)
	return err
}

// holds reports whether the clock needs no comparison now.
func (c *clocks) holds() bool {
	right := c.right.Load()
	if right == nil {
		return false
	}
	now := time.Now()
	return stillRight(now.Sub(*right), now.Round(0).Sub(right.Round(0)))
}

// stillRight is about a clock that has gone on by wall while the monotonic time has gone
// on by elapsed, since it was right.
func stillRight(elapsed, wall time.Duration) bool {
	return elapsed < clockInterval && (wall-elapsed).Abs() < clockJump
}

// time is the time in milliseconds since 1970 by the server that has a key; right also
// beside a ports.ClockError.
func (c *clocks) time(ctx context.Context, key string) (int64, error) {
	sent := time.Now()
	now, err := clock(ctx, c.client, key)
	if err != nil || c.unchecked {
		return now, err
	}
	received := time.Now()
	if err := ports.CheckClock("Redis", sent, time.UnixMilli(now), received); err != nil {
		c.right.Store(nil)
		return now, err
	}
	c.right.Store(&received)
	return now, nil
}

// clock is the time, in milliseconds since 1970, by the server that has a key. No
// script asks for it itself, since there are servers that refuse TIME in a script.
// So what a script takes for the present is past by as long as the script was on
// its way. Where TIME is refused altogether, the time is this process's own, and
// the clocks of all processes have to agree.
func clock(ctx context.Context, client goredis.UniversalClient, key string) (int64, error) {
	var server goredis.Cmdable = client
	if cluster, ok := client.(*goredis.ClusterClient); ok {
		master, err := cluster.MasterForKey(ctx, key)
		if err != nil {
			return 0, err
		}
		server = master
	}
	now, err := server.Time(ctx).Result()
	if isForbidden(err) {
		now, err = time.Now(), nil
	}
	return now.UnixMilli(), err
}
