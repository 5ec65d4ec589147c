package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/graphql-go/graphql"
)

// ErrNoEvent is Payload's answer outside a delivery.
var ErrNoEvent = errors.New("core: no event is being delivered")

// Topic is a named stream of events whose payloads are values of T. It is a
// plain value: make one where it is needed, with any name.
type Topic[T any] struct{ name string }

// NewTopic names a topic of payloads of type T.
func NewTopic[T any](name string) Topic[T] { return Topic[T]{name} }

// Name is the topic's name.
func (t Topic[T]) Name() string { return t.name }

// Subscribe registers the topic; see the function Subscribe.
func (t Topic[T]) Subscribe(ctx context.Context, options ...SubscribeOption) (any, error) {
	return Subscribe(ctx, []string{t.name}, options...)
}

// Payload decodes the payload of the event that is being delivered; p.Source has
// it undecoded by type, as encoding/json decodes into any. ErrNoEvent: called
// outside a delivery. Any other error says that the payload is not a T.
func (t Topic[T]) Payload(p graphql.ResolveParams) (T, error) {
	var payload T
	event, ok := EventFrom(p.Context)
	if !ok {
		return payload, ErrNoEvent
	}
	if err := json.Unmarshal(event.Payload, &payload); err != nil {
		return payload, fmt.Errorf("core: payload of topic %q as %T: %w", t.name, payload, err)
	}
	return payload, nil
}

// Publish publishes one event. An Engine and a Publisher both are publishers.
// For errors see Publisher.Publish.
func (t Topic[T]) Publish(ctx context.Context, publisher interface {
	Publish(ctx context.Context, topic string, payload any, options ...PublishOption) error
}, payload T, options ...PublishOption) error {
	return publisher.Publish(ctx, t.name, payload, options...)
}
