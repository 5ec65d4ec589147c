package redis

import (
	"context"
	"hash/fnv"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

var (
	_ ports.EventBus    = (*Bus)(nil)
	_ ports.EventSource = (*Bus)(nil)
)

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
	config  Config
	keys    keyspace
	scripts busScripts
	clocks  *clocks
}

func newBus(config Config, clocks *clocks) *Bus {
	return &Bus{client: config.Client, config: config, keys: newKeyspace(config.Prefix), scripts: newBusScripts(), clocks: clocks}
}

// Publish implements ports.EventBus. It makes 1 request for each partition that
// the topics belong to, and takes the events of a partition in one step. The
// partitions are written one by one: when one fails after others were written,
// the error has no kind.
//
// ErrThrottled: a partition has no room. Where the events belong to several, one
// request for each looks at all of them before the first is written; calls that
// look at the same time may exceed MaxQueued by what they publish. More events in
// one call than MaxQueued never fit. ErrInvalid: also text that is not UTF-8, or a
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
	bound := b.config.MaxQueued
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
		case len(event.Payload) > b.config.MaxPayloadBytes:
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
		if int(lengths[i].Val())+part.events > b.config.MaxQueued {
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

// workers is the key of the workers that live, and channel where they receive the
// number of a partition that is no longer empty.
func (b *Bus) workers() string { return b.keys.key(kindPartition, "all", "workers") }
func (b *Bus) channel() string { return b.keys.key(kindPartition, "all", "wake") }
