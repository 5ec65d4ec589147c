package core

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// ErrNoEvent is Payload's answer outside a delivery.
var ErrNoEvent = errors.New("core: no event is being delivered: there is one in the Resolve of a subscription's field and below it, and none in its Subscribe")

// Topic is a named stream of events whose payloads are values of T. It is a
// plain value: make one where it is needed, with any name.
type Topic[T any] struct {
	name   string
	shards int
	keep   ports.Retention
}

// TopicOption shapes a topic. Whoever subscribes to a topic and whoever publishes
// to it must give the same options.
type TopicOption func(*topicOptions)

type topicOptions struct {
	shards int
	keep   *ports.Retention
}

// Shards spreads the subscribers of one very large topic over n plain topics, by
// connection, so that their delivery runs in n invocations or workers at a time.
// Each event is published n times, under one event ID. A subscriber that is in
// place when n changes receives nothing until it subscribes again: give the topic
// another name together with another n, which must be positive.
func Shards(n int) TopicOption {
	return func(o *topicOptions) { o.shards = max(n, 0) }
}

// Keep has the topic's history keep events until count later ones have come or they
// are older than age, which must both be positive: subscribers who could not be
// reached for a while get what they missed, and clients that come back resume where
// they were. It takes effect where Config.History is there. Whatever publishes to the
// topic keeps alike: an event without Keep is in no history, and a client that resumes
// gets neither the event nor an error.
func Keep(count int, age time.Duration) TopicOption {
	return func(o *topicOptions) { o.keep = &ports.Retention{Count: count, Age: age} }
}

// NewTopic names a topic of payloads of type T. A name is a non-empty string of
// UTF-8 of at most MaxTopicBytes; whatever uses the topic fails with what is wrong
// with it. Payloads travel as JSON, and nothing compares the T of who publishes with that
// of who subscribes: declare a topic in one place.
func NewTopic[T any](name string, options ...TopicOption) Topic[T] {
	o := topicOptions{shards: 1}
	for _, option := range options {
		option(&o)
	}
	topic := Topic[T]{name: name, shards: o.shards}
	if o.keep != nil {
		topic.keep = cmp.Or(*o.keep, ports.Retention{Count: -1}) // nothing is no history to keep
	}
	return topic
}

// Name is the topic's name.
func (t Topic[T]) Name() string { return t.name }

// check says what is wrong with the topic's options.
func (t Topic[T]) check() error {
	err := checkRetention(t.keep)
	if t.shards == 0 {
		err = errShards
	}
	if err != nil {
		return fmt.Errorf("topic %q: %w", t.name, err)
	}
	return nil
}

var errShards = errors.New("core.Shards: n must be positive")

// names are the plain topics behind it: its own name, or those of its shards.
func (t Topic[T]) names() []string {
	if t.shards <= 1 {
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

// Subscribe registers the topic for the subscription whose Subscribe resolver is
// running; ctx is the resolver's. The resolver returns Subscribe's results as its
// own. Several calls, for several topics, add up.
//
// The error, which the client sees, says what is wrong with the topic or the
// options.
func (t Topic[T]) Subscribe(ctx context.Context, options ...SubscribeOption) (any, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	return nil, register(ctx, t.ownName(run.From(ctx)), t.keep, reflect.TypeFor[T](), options)
}

// ownName is the plain topic that a caller subscribes to: of shards, the one where it
// resumes, or else its own.
func (t Topic[T]) ownName(x *run.Execution) string {
	if t.shards == 1 || x == nil || x.Caller == nil {
		return t.name
	}
	if x.Subscription != nil {
		for _, name := range t.names() {
			if _, ok := x.Subscription.Resume.At(ports.Topic(name)); ok {
				return name
			}
		}
	}
	return t.shard(x.Caller.Shard(t.shards))
}

// Payload decodes the payload of the event that is being delivered, whatever its topic;
// the source of the subscription's field has it as ports.DecodeJSON decodes it. ErrNoEvent: called
// outside a delivery. Any other error says that the payload is not a T.
func (t Topic[T]) Payload(ctx context.Context) (T, error) {
	var payload T
	x := run.From(ctx)
	if x == nil || x.Event == nil {
		return payload, ErrNoEvent
	}
	if kept, ok := run.Load[T](x.Decoded); ok {
		return kept, nil
	}
	if err := json.Unmarshal(x.Event.Payload, &payload); err != nil {
		return payload, fmt.Errorf("core: reading an event of topic %q as %T, the payload of topic %q: %w", x.Event.Topic, payload, t.name, err)
	}
	run.Keep(x.Decoded, payload)
	return payload, nil
}

// Event makes an event of the topic, to be published.
func (t Topic[T]) Event(payload T, options ...EventOption) Event {
	return Event{kind: ports.EventData, topics: t.names(), keep: t.keep, payload: payload, options: options, err: t.check()}
}

// End makes the event that ends every subscription on the topic which was placed
// before it, after the events published before.
func (t Topic[T]) End() Event {
	return Event{kind: ports.EventComplete, topics: t.names(), keep: t.keep, err: t.check()}
}

// Publish publishes one event with the publisher of the context: in resolvers and
// hooks the engine's own. For errors see the function Publish.
func (t Topic[T]) Publish(ctx context.Context, payload T, options ...EventOption) error {
	return Publish(ctx, t.Event(payload, options...))
}
