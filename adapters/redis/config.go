package redis

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

// Config shapes a Backend. Client is required; every other zero field stands for its
// default. Negative numbers are refused, and so are times below a millisecond, which is
// what Redis counts in.
type Config struct {
	// Client talks to Redis standalone, with Sentinel or as a Cluster. It stays the
	// caller's, who closes it after everything that uses the backend has ended.
	Client goredis.UniversalClient
	// Prefix begins every key and channel, so that several deployments may share a
	// server. It is the same in every process of a deployment. Default: "fanql:".
	Prefix string
	// Now is the clock by which rows expire and the events of histories age. Default:
	// time.Now, and calls of a Store and a History fail with a ports.ClockError while that
	// is more than 5 minutes from Redis's clock. Consume then gives its partitions to other
	// processes, or fails if it has just begun; sockets stay open, and receive what others
	// deliver. Redis is asked for the time once in a minute at the most (TIME), where a
	// server does not refuse to tell.
	Now func() time.Time
	// Logger receives the failures that Consume and a router's Run recover from.
	// It is limited (ports.LimitLogger). Default: slog.Default().
	Logger *slog.Logger

	// PageSize is the most subscribers of a page when the request leaves it to the
	// store, and 10,000 at most. A page ends earlier at 1 MiB. Default: 1000.
	PageSize int

	// Partitions is how many parts the topics are spread over, each delivered by
	// one worker at a time. It is the same in every process that shares the bus,
	// and changes only while nothing waits. At most 1024: a worker alone has a goroutine
	// and a request every PollInterval for each. Default: 16.
	Partitions int
	// MaxQueued is how many events a partition holds, those under way included,
	// before Publish answers ErrThrottled. Default: 10,000.
	MaxQueued int
	// MaxPayloadBytes is the size over which a payload is ErrTooLarge. Default:
	// 1 MiB.
	MaxPayloadBytes int
	// MaxBatch is the most events that one delivery has. Default: 100.
	MaxBatch int
	// MaxHeld is how many events of a partition a worker has in memory. While so
	// many wait for topics that fail, the others of their partition wait as well.
	// Default: 1000.
	MaxHeld int
	// MaxAttempts is how often an event is delivered before it becomes a dead
	// letter. A delivery that the end of a worker cuts short is one; one that
	// answers ErrUnfinished is none. Default: 10.
	MaxAttempts int
	// MaxDeadLetters is how many dead letters a partition keeps, the latest.
	// Default: 1000.
	MaxDeadLetters int
	// OnDeadLetter is called with each event that became a dead letter, by the
	// goroutine that delivers the partition. Default: nothing is called.
	OnDeadLetter func(letter DeadLetter)
	// Backoff is how long a topic waits after an event of it has failed for the
	// given time, 1 and up. Default: a random part of a time that begins at 100 ms,
	// doubles with every attempt, and ends at 10 s.
	Backoff func(attempt int) time.Duration
	// LeaseTTL is how long the partitions of a worker that died wait for another.
	// Default: 10 s.
	LeaseTTL time.Duration
	// PollInterval is how often a worker looks into a partition that has nothing to
	// deliver, even if nobody wakes it: because a message was lost, or publishing
	// messages is forbidden, or a topic waits after a failure. Default: 100 ms.
	PollInterval time.Duration
	// DrainTimeout is how long a delivery may go on that is under way when
	// Consume's context ends, or when its partition is to go to another worker: its
	// own context then has this deadline, and is cancelled at it. Let it be longer
	// than what an engine keeps back of a deadline (core.Config.Reserve), so that a
	// long fan-out stops in time, and the next worker goes on with the first page that
	// is not done: then that page has repeats at most. A fan-out that does not stop before
	// it is cancelled is repeated as a whole. Default: 10 s.
	DrainTimeout time.Duration

	// Heartbeat is how often a process of a fleet shows that it is alive, and
	// writes down which connections it has. Default: 2 s.
	Heartbeat time.Duration
	// DeadAfter is how long a process that shows nothing counts as alive, longer than
	// Heartbeat. The same in every process. Default: three heartbeats.
	DeadAfter time.Duration
	// AnswerTimeout is how long a push waits for the process that has the
	// connection, the way there and back included. Default: 2 s.
	AnswerTimeout time.Duration
	// MaxRoutedBytes bounds what is on its way to one process and not answered. A
	// payload that frames share counts once in a message, and a frame that finds
	// nothing on its way is taken, however long. Default: 4 MiB.
	MaxRoutedBytes int
}

const (
	// maxPartitions bounds what a worker holds, and how often it asks Redis: a number
	// that is meant to be large is a mistake.
	maxPartitions    = 1024
	defaultHeartbeat = 2 * time.Second
)

func (c Config) validate() error {
	if ports.IsMissing(c.Client) {
		return invalid("redis.Config.Client is required")
	}
	for _, field := range []struct {
		name  string
		value int
		most  int
	}{
		{"PageSize", c.PageSize, maxPage},
		{"Partitions", c.Partitions, maxPartitions},
		{"MaxQueued", c.MaxQueued, math.MaxInt},
		{"MaxPayloadBytes", c.MaxPayloadBytes, math.MaxInt},
		{"MaxBatch", c.MaxBatch, math.MaxInt},
		{"MaxHeld", c.MaxHeld, math.MaxInt},
		{"MaxAttempts", c.MaxAttempts, math.MaxInt},
		{"MaxDeadLetters", c.MaxDeadLetters, math.MaxInt},
		{"MaxRoutedBytes", c.MaxRoutedBytes, math.MaxInt},
	} {
		switch {
		case field.value < 0:
			return invalid("redis.Config." + field.name + " must not be negative")
		case field.value > field.most:
			return invalid(fmt.Sprintf("redis.Config.%s is %d, and has to be %d at most", field.name, field.value, field.most))
		}
	}
	return c.validateTimes()
}

func (c Config) validateTimes() error {
	for _, field := range []struct {
		name  string
		value time.Duration
	}{
		{"LeaseTTL", c.LeaseTTL},
		{"PollInterval", c.PollInterval},
		{"DrainTimeout", c.DrainTimeout},
		{"Heartbeat", c.Heartbeat},
		{"DeadAfter", c.DeadAfter},
		{"AnswerTimeout", c.AnswerTimeout},
	} {
		switch {
		case field.value < 0:
			return invalid("redis.Config." + field.name + " must not be negative")
		case field.value > 0 && field.value < time.Millisecond:
			return invalid(fmt.Sprintf("redis.Config.%s is %v, and has to be 1ms at least", field.name, field.value))
		}
	}
	if heartbeat := cmp.Or(c.Heartbeat, defaultHeartbeat); c.DeadAfter > 0 && c.DeadAfter <= heartbeat {
		return invalid(fmt.Sprintf("redis.Config.DeadAfter is %v, and has to be longer than Heartbeat, which is %v", c.DeadAfter, heartbeat))
	}
	return nil
}

// invalid is the error of New, in so many words.
func invalid(why string) error {
	return &ports.Error{Op: "redis.New", Kind: ports.ErrInvalid, Err: errors.New(why)}
}

func (c Config) withDefaults() Config {
	c.Prefix = cmp.Or(c.Prefix, defaultPrefix)
	c.PageSize = cmp.Or(c.PageSize, 1000)
	c.Partitions = cmp.Or(c.Partitions, 16)
	c.MaxQueued = cmp.Or(c.MaxQueued, 10_000)
	c.MaxPayloadBytes = cmp.Or(c.MaxPayloadBytes, 1<<20)
	c.MaxBatch = cmp.Or(c.MaxBatch, 100)
	c.MaxHeld = cmp.Or(c.MaxHeld, 1000)
	c.MaxAttempts = cmp.Or(c.MaxAttempts, 10)
	c.MaxDeadLetters = cmp.Or(c.MaxDeadLetters, 1000)
	c.LeaseTTL = cmp.Or(c.LeaseTTL, 10*time.Second)
	c.PollInterval = cmp.Or(c.PollInterval, 100*time.Millisecond)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 10*time.Second)
	c.Heartbeat = cmp.Or(c.Heartbeat, defaultHeartbeat)
	c.DeadAfter = cmp.Or(c.DeadAfter, 3*min(c.Heartbeat, math.MaxInt64/3))
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 2*time.Second)
	c.MaxRoutedBytes = cmp.Or(c.MaxRoutedBytes, 4<<20)
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Logger = ports.LimitLogger(c.Logger)
	if c.Backoff == nil {
		c.Backoff = jitter
	}
	return c
}

// jitter is the default Backoff.
func jitter(attempt int) time.Duration {
	longest := min(100*time.Millisecond<<min(attempt-1, 10), 10*time.Second)
	return rand.N(longest) //nolint:gosec // Spreading retries needs no secrecy.
}
