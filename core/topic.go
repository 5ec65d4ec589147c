package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"

	"github.com/graphql-go/graphql"
)

// ErrNoEvent is Payload's answer outside a delivery.
var ErrNoEvent = errors.New("core: no event is being delivered")

// Topic is a named stream of events whose payloads are values of T. It is a
// plain value: make one where it is needed, with any name.
type Topic[T any] struct {
	name   string
	shards int
}

// TopicOption shapes a topic. Whoever subscribes to a topic and whoever publishes
// to it must give the same options.
type TopicOption func(*topicOptions)

type topicOptions struct{ shards int }

// Shards spreads the subscribers of one very large topic over n plain topics, by
// connection, so that their delivery runs in n invocations or workers at a time.
// Each event is published n times, under one event ID. A subscriber that is in
// place when n changes hears nothing until it subscribes again: give the topic
// another name together with another n.
func Shards(n int) TopicOption {
	return func(o *topicOptions) { o.shards = n }
}

// NewTopic names a topic of payloads of type T.
func NewTopic[T any](name string, options ...TopicOption) Topic[T] {
	var o topicOptions
	for _, option := range options {
		option(&o)
	}
	return Topic[T]{name, max(o.shards, 1)}
}

// Name is the topic's name.
func (t Topic[T]) Name() string { return t.name }

// Names are the plain topics behind it: its own name, or those of its shards.
// PublishAll and Complete of a Publisher know only these.
func (t Topic[T]) Names() []string {
	if t.shards == 1 {
		return []string{t.name}
	}
	names := make([]string, t.shards)
	for i := range names {
		names[i] = t.shard(i)
	}
	return names
}

func (t Topic[T]) shard(i int) string {
	return t.name + "/shard " + strconv.Itoa(i) + " of " + strconv.Itoa(t.shards)
}

// Subscribe registers the topic; see the function Subscribe.
func (t Topic[T]) Subscribe(ctx context.Context, options ...SubscribeOption) (any, error) {
	name := t.name
	if t.shards > 1 {
		x := executionFrom(ctx)
		if x == nil || x.connection == nil {
			return nil, errNotSubscribing
		}
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(x.connection.id))
		name = t.shard(int(hash.Sum32() % uint32(t.shards))) //nolint:gosec // shards are few
	}
	return Subscribe(ctx, []string{name}, options...)
}

// Payload decodes the payload of the event that is being delivered; p.Source has
// it undecoded by type, as encoding/json decodes into any. ErrNoEvent: called
// outside a delivery. Any other error says that the payload is not a T.
func (t Topic[T]) Payload(p graphql.ResolveParams) (T, error) {
	var payload T
	x := executionFrom(p.Context)
	if x == nil || x.event == nil {
		return payload, ErrNoEvent
	}
	if kept, ok := load[T](x.decoded); ok {
		return kept, nil
	}
	if err := json.Unmarshal(x.event.Payload, &payload); err != nil {
		return payload, fmt.Errorf("core: payload of topic %q as %T: %w", t.name, payload, err)
	}
	keep(x.decoded, payload)
	return payload, nil
}

// Publishing is what publishes: an Engine or a Publisher.
type Publishing interface {
	PublishAll(ctx context.Context, publications ...Publication) error
	Complete(ctx context.Context, topics ...string) error
}

// Publish publishes one event. For errors see Publisher.Publish.
func (t Topic[T]) Publish(ctx context.Context, to Publishing, payload T, options ...PublishOption) error {
	return to.PublishAll(ctx, Publication{Topic: t.name, Payload: payload, Options: options, topics: t.Names()})
}

// Complete ends every subscription on the topic. For errors see
// Publisher.Complete.
func (t Topic[T]) Complete(ctx context.Context, to Publishing) error {
	return to.Complete(ctx, t.Names()...)
}
