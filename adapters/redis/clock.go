package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	// clockTolerance is how far the process's clock may be from that of Redis. It is
	// small beside the time that rows live, and more than clocks differ that are kept.
	clockTolerance = 5 * time.Minute
	// clockInterval is how long a comparison of the clocks holds.
	clockInterval = time.Minute
	// clockJump is by how much the process's clock may be set in between.
	clockJump = time.Minute
)

// ClockError says that the clock of this process is wrong, or that of Redis. By a clock
// that is ahead, rows of clients that are there would have expired, and nobody would
// notice. So every call of a Store and a History fails, and Consume gives its partitions
// to other processes, or fails if the clock is wrong at its start. Sockets of the process
// stay open, and receive what other processes deliver.
type ClockError struct {
	// Ahead is by how much the process's clock is ahead of Redis's, at least; negative
	// if it is behind.
	Ahead time.Duration
}

// Error says which clock is wrong, and by how much.
func (e *ClockError) Error() string {
	if e.Ahead < 0 {
		return fmt.Sprintf("the clock of this process is %v behind Redis's", -e.Ahead)
	}
	return fmt.Sprintf("the clock of this process is %v ahead of Redis's", e.Ahead)
}

func isClockWrong(err error) bool {
	_, wrong := errors.AsType[*ClockError](err)
	return wrong
}

// clocks compares the clock of the process with that of Redis, once in a minute: at a
// call, where a worker or a router has not asked for the time anyway. A clock that is
// set meanwhile is found out without a command, because the monotonic time goes on.
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

// check fails with a ClockError where the clock of the process is wrong, and with
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
// beside a ClockError.
func (c *clocks) time(ctx context.Context, key string) (int64, error) {
	sent := time.Now()
	now, err := clock(ctx, c.client, key)
	if err != nil || c.unchecked {
		return now, err
	}
	received := time.Now()
	if ahead := clockAhead(sent, received, time.UnixMilli(now)); ahead != 0 {
		c.right.Store(nil)
		return now, &ClockError{Ahead: ahead}
	}
	c.right.Store(&received)
	return now, nil
}

// clockAhead compares the time of an answer with those of sending the request and of
// receiving the answer, which may be far apart: a Lambda function is frozen at any time.
// It returns 0 for a clock that may be right.
func clockAhead(sent, received, server time.Time) time.Duration {
	// Without their monotonic parts, which stand still while a machine sleeps.
	if ahead := sent.Round(0).Sub(server); ahead > clockTolerance {
		return ahead.Round(time.Second)
	}
	if behind := server.Sub(received.Round(0)); behind > clockTolerance {
		return -behind.Round(time.Second)
	}
	return 0
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
