package redis

import (
	"context"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

var (
	_ ports.EventBus    = (*Bus)(nil)
	_ ports.EventSource = (*Bus)(nil)
)

// BusConfig is how a Bus is made. Every zero field stands for its default.
type BusConfig struct {
	// Prefix begins every key; "fanql:" when empty. It is the same in every
	// process that shares the bus.
	Prefix string
	// Partitions is how many parts the topics are spread over, each delivered by
	// one worker at a time; 16 when 0. It is the same in every process that shares
	// the bus, and changes only while nothing waits.
	Partitions int
	// MaxLength is how many events a partition holds, those under way included,
	// before Publish answers ErrThrottled; 10,000 when 0.
	MaxLength int
	// MaxPayload is the size in bytes over which a payload is ErrTooLarge; 1 MiB
	// when 0.
	MaxPayload int
	// MaxBatch is the most events that one delivery has; 100 when 0.
	MaxBatch int
	// MaxHeld is how many events of a partition a worker has in memory. While so
	// many wait for topics that fail, the others of their partition wait as well;
	// 1,000 when 0.
	MaxHeld int
	// MaxAttempts is how often an event is delivered before it becomes a dead
	// letter; 10 when 0. A delivery that the end of a worker cuts short is one; one
	// that answers ErrUnfinished is none.
	MaxAttempts int
	// MaxDeadLetters is how many dead letters a partition keeps, the latest; 1,000
	// when 0.
	MaxDeadLetters int
	// OnDeadLetter, unless nil, is told of each event that became a dead letter.
	// It is called by the goroutine that delivers the partition.
	OnDeadLetter func(letter DeadLetter)
	// Backoff is how long a topic waits after an event of it has failed for the
	// given time, 1 and up. When nil, it is a random part of a time that begins
	// at 100 ms, doubles with every attempt, and ends at 10 s.
	Backoff func(attempt int) time.Duration
	// LeaseTTL is how long the partitions of a worker that died wait for another;
	// 10 s when 0.
	LeaseTTL time.Duration
	// PollInterval is how often a worker looks into a partition that has nothing to
	// deliver, even if nobody wakes it: because a message was lost, or publishing
	// messages is forbidden, or a topic waits after a failure; 100 ms when 0.
	PollInterval time.Duration
	// DrainTimeout is how long a delivery may go on that is under way when
	// Consume's context ends, or when its partition is to go to another worker: its
	// own context then has this deadline, and is cancelled at it; 10 s when 0. Let
	// it be longer than what an engine keeps back of a deadline
	// (core.Config.Reserve), so that a long fan-out stops between two pages, and
	// the next worker goes on from there.
	DrainTimeout time.Duration
	// Logger is told of failures that Consume gets over; nobody when nil.
	Logger *slog.Logger
}

func (c BusConfig) withDefaults() BusConfig {
	c.Partitions = positive(c.Partitions, 16)
	c.MaxLength = positive(c.MaxLength, 10_000)
	c.MaxPayload = positive(c.MaxPayload, 1<<20)
	c.MaxBatch = positive(c.MaxBatch, 100)
	c.MaxHeld = positive(c.MaxHeld, 1000)
	c.MaxAttempts = positive(c.MaxAttempts, 10)
	c.MaxDeadLetters = positive(c.MaxDeadLetters, 1000)
	c.LeaseTTL = positive(c.LeaseTTL, 10*time.Second)
	c.PollInterval = positive(c.PollInterval, 100*time.Millisecond)
	c.DrainTimeout = positive(c.DrainTimeout, 10*time.Second)
	if c.Backoff == nil {
		c.Backoff = jitter
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func positive[N int | time.Duration](given, otherwise N) N {
	if given > 0 {
		return given
	}
	return otherwise
}

// jitter is the default Backoff.
func jitter(attempt int) time.Duration {
	longest := min(100*time.Millisecond<<min(attempt-1, 10), 10*time.Second)
	return rand.N(longest) //nolint:gosec // Spreading retries needs no secrecy.
}

// Bus keeps events in Redis Streams until workers have delivered them; every
// Consume is a worker. It implements ports.EventBus and ports.EventSource and may
// be used by many goroutines at once.
//
// Order: a topic belongs to one partition, and the events of a partition are
// delivered as they were published, by the one worker that has its lease. A
// delivery may have several topics. A topic that fails holds up no other until
// MaxHeld of its events wait; a delivery that takes long holds up its partition.
//
// Repeats: an event is delivered again after an error verdict (at once after
// ErrUnfinished), after the end of the worker that had it, and where a lease was
// lost (see Lease). It is there twice if the answer to Publish was lost on the way
// and the client asked again.
//
// Positions have a fixed width and compare as strings, over one topic.
type Bus struct {
	client  goredis.UniversalClient
	config  BusConfig
	keys    keyspace
	scripts busScripts
}

// NewBus returns a bus. It does no I/O. The client stays the caller's.
func NewBus(client goredis.UniversalClient, config BusConfig) *Bus {
	return &Bus{client: client, config: config.withDefaults(), keys: newKeyspace(config.Prefix), scripts: newBusScripts()}
}

// Publish implements ports.EventBus. It makes 1 request for each partition that
// the topics belong to, and takes the events of a partition in one step. The
// partitions are written one by one: when one fails after others were written,
// the error has no kind.
//
// ErrThrottled: a partition has no room. Where the events belong to several, one
// request for each looks at all of them before the first is written; calls that
// look at the same time may exceed MaxLength by what they publish. More events in
// one call than MaxLength never fit. ErrInvalid: also text that is not UTF-8, or a
// time that RFC 3339 cannot express.
func (b *Bus) Publish(ctx context.Context, events ...ports.Event) error {
	const op = "Publish"
	if err := ended(ctx, op); err != nil {
		return err
	}
	parts, kind := b.split(events)
	if kind != nil {
		return refusal(op, kind)
	}
	bound := b.config.MaxLength
	if len(parts) > 1 {
		if err := b.room(ctx, op, parts); err != nil {
			return err
		}
		bound = 0
	}
	for i, p := range parts {
		taken, err := run(ctx, b.client, call{
			script: b.scripts.publish, keys: []string{b.stream(p.partition)},
			args: append([]any{bound, b.channel(), p.partition}, p.args...),
		})
		switch {
		case err != nil && i > 0:
			return &ports.Error{Op: "redis." + op, Err: withoutArguments(err)}
		case err != nil:
			return failure(op, err)
		case taken == nil:
			return refusal(op, ports.ErrThrottled)
		}
	}
	return nil
}

// publication is the events of one call that belong to one partition.
type publication struct {
	partition, events int
	args              []any
}

// split sorts events by their partitions and encodes them.
func (b *Bus) split(events []ports.Event) (parts []*publication, kind error) {
	byPartition := make(map[int]*publication)
	for _, event := range events {
		switch {
		case event.Topic == "":
			return nil, ports.ErrInvalid
		case len(event.Payload) > b.config.MaxPayload:
			return nil, ports.ErrTooLarge
		}
		envelope, err := encodeEnvelope(event)
		if err != nil {
			return nil, ports.ErrInvalid
		}
		partition := b.partition(event.Topic)
		part := byPartition[partition]
		if part == nil {
			part = &publication{partition: partition}
			byPartition[partition] = part
			parts = append(parts, part)
		}
		part.events++
		part.args = append(part.args, string(event.Topic), envelope, event.Payload)
	}
	return parts, nil
}

// room refuses publications unless all of their partitions have room.
func (b *Bus) room(ctx context.Context, op string, parts []*publication) error {
	lengths := make([]*goredis.IntCmd, len(parts))
	_, err := b.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for i, part := range parts {
			lengths[i] = pipe.XLen(ctx, b.stream(part.partition))
		}
		return nil
	})
	if err != nil {
		return failure(op, err)
	}
	for i, part := range parts {
		if int(lengths[i].Val())+part.events > b.config.MaxLength {
			return refusal(op, ports.ErrThrottled)
		}
	}
	return nil
}

// partition is the one that a topic belongs to: by FNV-1a, 64 bits.
func (b *Bus) partition(topic ports.Topic) int {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(topic))                       // It never fails.
	return int(hash.Sum64() % uint64(b.config.Partitions)) //nolint:gosec // Partitions is positive, and so is the rest.
}

// The keys of a partition share a hash tag, and so a slot of a cluster.
func (b *Bus) stream(partition int) string { return b.key(partition, "events") }
func (b *Bus) lease(partition int) string  { return b.key(partition, "lease") }
func (b *Bus) token(partition int) string  { return b.key(partition, "token") }
func (b *Bus) dead(partition int) string   { return b.key(partition, "dead") }

func (b *Bus) key(partition int, part string) string {
	return b.keys.key(kindPartition, strconv.Itoa(partition), part)
}

// workers is the key of the workers that live, and channel where they are told
// which partition is no longer empty.
func (b *Bus) workers() string { return b.keys.key(kindPartition, "all", "workers") }
func (b *Bus) channel() string { return b.keys.key(kindPartition, "all", "wake") }
