package redis

import (
	"context"
	"errors"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

const (
	// tailPage is the most entries that a tail reads at a time.
	tailPage = 100
	// tailPause is how long a tail waits for the next entry before it counts what it
	// missed.
	tailPause = time.Second
)

// Tail shows the events of a topic as they are published, for operators, until ctx
// ends; it then returns nil, within a second. It consumes nothing: workers deliver the
// events as if nobody looked. Since, if not zero, has it begin with the events that
// still wait and were published then or later, by the clock of Redis.
//
// A worker takes an event out of the stream once it is delivered, which may be before
// Tail has read it. Missed receives how many events of the topic's partition, of
// whatever topic, came and went unseen; it is never called where Redis is older than
// 7.0, which does not count them. Both functions are called by the goroutine of Tail.
//
// It keeps a connection of the client for itself.
func (b *Bus) Tail(ctx context.Context, topic ports.Topic, since time.Time, show func(ports.Event), missed func(int)) error {
	const op = "Tail"
	if topic == "" {
		return refusal(op, ports.ErrInvalid)
	}
	t := &tail{bus: b, topic: topic, key: b.stream(b.partition(topic)), show: show, missed: missed}
	err := t.begin(ctx, since)
	for err == nil && ctx.Err() == nil {
		err = t.next(ctx)
	}
	if ctx.Err() == nil {
		return failure(op, err)
	}
	return nil
}

// tail reads the stream of one partition.
type tail struct {
	bus    *Bus
	topic  ports.Topic
	key    string
	show   func(ports.Event)
	missed func(int)

	// last is the entry that was read last, or was there before the first.
	last string
	// counted are the entries that were ever added up to last, seen or missed, by the
	// count of Redis; unknown where it does not count.
	counted int64
	counts  bool
}

// begin finds the end of the stream, and shows what is before it and after since.
func (t *tail) begin(ctx context.Context, since time.Time) error {
	info, err := t.bus.client.XInfoStream(ctx, t.key).Result()
	if absent(err) { // no event was ever published there
		t.last, t.counts = "0-0", true
		return nil
	}
	if err != nil {
		return err
	}
	t.last, t.counted = info.LastGeneratedID, info.EntriesAdded
	t.counts = info.EntriesAdded > 0 || info.LastGeneratedID == "0-0"
	if since.IsZero() {
		return nil
	}
	after := formatID(uint64(max(since.UnixMilli(), 0)), 0)
	for {
		messages, err := t.bus.client.XRangeN(ctx, t.key, after, t.last, tailPage).Result()
		if err != nil {
			return err
		}
		for _, message := range messages {
			t.display(message)
			after = "(" + message.ID
		}
		if len(messages) < tailPage {
			return nil
		}
	}
}

// absent reports that there is no such stream.
func absent(err error) bool { return err != nil && strings.Contains(err.Error(), "no such key") }

// next waits for entries, and where none come, counts those that were missed.
func (t *tail) next(ctx context.Context) error {
	streams, err := t.bus.client.XRead(ctx, &goredis.XReadArgs{
		Streams: []string{t.key, t.last}, Count: tailPage, Block: tailPause,
	}).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return err
	}
	if t.read(streams) == 0 { // also where an entry came and had gone again
		return t.count(ctx)
	}
	return nil
}

// read shows what was read, and returns how many entries that were.
func (t *tail) read(streams []goredis.XStream) (n int) {
	for _, stream := range streams {
		for _, message := range stream.Messages {
			t.display(message)
			t.last = message.ID
			t.counted++
			n++
		}
	}
	return n
}

// count reads what there is and how many entries were ever added, in one step.
func (t *tail) count(ctx context.Context) error {
	if !t.counts {
		return nil
	}
	var read *goredis.XStreamSliceCmd
	var info *goredis.XInfoStreamCmd
	_, err := t.bus.client.TxPipelined(ctx, func(pipe goredis.Pipeliner) error {
		read = pipe.XRead(ctx, &goredis.XReadArgs{Streams: []string{t.key, t.last}, Count: tailPage, Block: -1})
		info = pipe.XInfoStream(ctx, t.key)
		return nil
	})
	if err != nil && !errors.Is(err, goredis.Nil) {
		if absent(err) {
			return nil
		}
		return err
	}
	if err := info.Err(); err != nil {
		return err
	}
	if t.read(read.Val()) == tailPage {
		return nil // others may be behind them
	}
	if unseen := info.Val().EntriesAdded - t.counted; unseen > 0 {
		t.missed(int(unseen))
		t.counted, t.last = info.Val().EntriesAdded, info.Val().LastGeneratedID
	}
	return nil
}

// display shows an entry that has an event of the topic.
func (t *tail) display(message goredis.XMessage) {
	fields := make(map[string]string, len(message.Values))
	for name, value := range message.Values {
		fields[name], _ = value.(string)
	}
	if event, err := decodeEvent(message.ID, fields); err == nil && event.Topic == t.topic {
		t.show(event)
	}
}
