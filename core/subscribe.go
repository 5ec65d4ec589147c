package core

import (
	"context"
	"errors"
	"reflect"
	"unicode/utf8"

	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// MaxTopicBytes is the longest topic there may be. It leaves room for an
// adapter's prefix in DynamoDB's 2,048 byte partition keys.
const MaxTopicBytes = 2000

// ErrSkip is what a resolver of a subscription's own field returns to send nothing
// for an event.
var ErrSkip = ports.ErrSkip

var (
	errNotSubscribing = errors.New("core: not called with the context of a Subscribe resolver that an Engine runs")
	errSecondInitial  = errors.New("core.Initial: given twice")
)

// SubscribeOption shapes one subscription.
type SubscribeOption func(*run.Subscription) error

// Initial sends a first result: fn runs once the subscription is in place, and
// what it returns is delivered to this subscriber like the payload of an event. Its
// context is prepared by Config.NewContext, as a resolver's is.
// Nothing published since is lost. An event may come before the initial result,
// and may be part of it already. When fn returns ErrSkip nothing is sent; any
// other error ends the subscription with it.
func Initial(fn func(ctx context.Context) (any, error)) SubscribeOption {
	return func(s *run.Subscription) error {
		if s.Initial != nil {
			return errSecondInitial
		}
		s.Initial = fn
		return nil
	}
}

// PerSubscriber has every event executed for this subscriber alone. It is only
// needed where resolvers depend on something other than the event, the request
// and ConnectionFrom.
func PerSubscriber() SubscribeOption {
	return func(s *run.Subscription) error {
		s.Filters.PerSubscriber = true
		return nil
	}
}

// Subscribe registers topics by their names, as the Subscribe of a typed topic does
// for one: for subscriptions of many topics, or of payloads that no type describes.
// Topics with shards are registered by their own Subscribe only. These topics keep no
// history: a client that resumes the subscription receives what Initial returns, or an
// error (CodeMissed).
func Subscribe(ctx context.Context, topics []string, options ...SubscribeOption) (any, error) {
	for i, name := range topics {
		of := options
		if i > 0 {
			of = nil // they shape the subscription, not the topic
		}
		if err := register(ctx, name, ports.Retention{}, reflect.TypeFor[any](), of); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// register adds a topic to the subscription whose Subscribe resolver is running.
func register(ctx context.Context, name string, keep ports.Retention, payload reflect.Type, options []SubscribeOption) error {
	x := run.From(ctx)
	if x == nil || x.Subscription == nil {
		return errNotSubscribing
	}
	topic, err := checkTopic(name)
	if err != nil {
		return err
	}
	return x.Subscription.Register(topic, keep, payload, shapes(options)...)
}

func shapes(options []SubscribeOption) []func(*run.Subscription) error {
	list := make([]func(*run.Subscription) error, len(options))
	for i, option := range options {
		list[i] = option
	}
	return list
}

func checkTopic(name string) (ports.Topic, error) {
	switch {
	case name == "":
		return "", Public("a topic must not be empty")
	case len(name) > MaxTopicBytes:
		return "", Public("a topic must have at most %d bytes, not %d", MaxTopicBytes, len(name))
	case identity.IsReserved(name):
		return "", Public("a topic must not begin with %q", identity.Reserved)
	case !utf8.ValidString(name):
		return "", Public("a topic must be valid UTF-8")
	}
	return ports.Topic(name), nil
}
