package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unicode/utf8"

	"github.com/fanql/fanql/ports"
)

// MaxTopicBytes is the longest topic there may be. It leaves room for an
// adapter's prefix in DynamoDB's 2,048 byte partition keys.
const MaxTopicBytes = 2000

// ErrSkip is what a resolver of a subscription's own field returns to send nothing
// for an event.
var ErrSkip = ports.ErrSkip

var (
	errNotSubscribing = errors.New("core: not called from a Subscribe resolver that an Engine runs")
	errNoTopic        = errors.New("the Subscribe resolver registered no topic")
	errSecondInitial  = errors.New("core.Initial: given twice")
)

// subscription collects what a Subscribe resolver asks for.
type subscription struct {
	topics  []ports.Topic
	initial func(context.Context) (any, error)
	filters filters
}

// filters is what a delivery must know of a subscription besides its request,
// kept with it in the store.
type filters struct {
	PerSubscriber bool        `json:"perSubscriber,omitempty"`
	Where         []condition `json:"where,omitempty"`
}

// encode is nil where there is nothing to know. What it fails on is the schema
// author's doing.
func (f filters) encode() ([]byte, error) {
	if !f.PerSubscriber && len(f.Where) == 0 {
		return nil, nil
	}
	encoded, err := json.Marshal(f)
	if len(f.Where) > maxConditions || len(encoded) > maxConditionBytes {
		return nil, fmt.Errorf("a subscription may have at most %d conditions of %d bytes in all", maxConditions, maxConditionBytes)
	}
	return encoded, err
}

// SubscribeOption shapes one subscription.
type SubscribeOption func(*subscription) error

// Initial sends a first result: fn runs once the subscription is in place, and
// what it returns is delivered to this subscriber like the payload of an event.
// Nothing published since is lost. An event may come before the initial result,
// and may be part of it already. When fn returns ErrSkip nothing is sent; any
// other error ends the subscription with it.
func Initial(fn func(ctx context.Context) (any, error)) SubscribeOption {
	return func(s *subscription) error {
		if s.initial != nil {
			return errSecondInitial
		}
		s.initial = fn
		return nil
	}
}

// PerSubscriber has every event executed for this subscriber alone. It is only
// needed where resolvers depend on something other than the event, the request
// and ConnectionFrom.
func PerSubscriber() SubscribeOption {
	return func(s *subscription) error {
		s.filters.PerSubscriber = true
		return nil
	}
}

// Subscribe registers topics by their names, as the Subscribe of typed topics does
// for one: for subscriptions whose topics are many, or of payloads that no type
// describes. Topics of Shards are registered by their own Subscribe only.
func Subscribe(ctx context.Context, topics []string, options ...SubscribeOption) (any, error) {
	x := executionFrom(ctx)
	if x == nil || x.subscription == nil {
		return nil, errNotSubscribing
	}
	for i, name := range topics {
		of := options
		if i > 0 {
			of = nil // they shape the subscription, not the topic
		}
		if err := x.subscription.register(name, reflect.TypeFor[any](), of); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// register adds a topic to the subscription whose Subscribe resolver is running.
// The topic's payloads are of the type, whose fields the conditions among the
// options must name.
func (s *subscription) register(name string, payload reflect.Type, options []SubscribeOption) error {
	topic, err := checkTopic(name)
	if err != nil {
		return err
	}
	if !slices.Contains(s.topics, topic) {
		s.topics = append(s.topics, topic)
	}
	known := len(s.filters.Where)
	for _, option := range options {
		if err := option(s); err != nil {
			return err
		}
	}
	for _, condition := range s.filters.Where[known:] {
		if err := checkField(payload, condition.Field); err != nil {
			return fmt.Errorf("core.Where(%q, %s): %w", condition.Field, condition.Operator, err)
		}
	}
	return nil
}

func checkTopic(name string) (ports.Topic, error) {
	switch {
	case name == "":
		return "", Public("a topic must not be empty")
	case len(name) > MaxTopicBytes:
		return "", Public("a topic must have at most %d bytes, not %d", MaxTopicBytes, len(name))
	case isReserved(name):
		return "", Public("a topic must not begin with %q", reserved)
	case !utf8.ValidString(name):
		return "", Public("a topic must be valid UTF-8")
	}
	return ports.Topic(name), nil
}
