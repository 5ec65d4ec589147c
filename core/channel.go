package core

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"

	"github.com/fanql/fanql/core/internal/filter"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// Channel is Subscribe and Payload for schemas whose subscription resolvers return
// channels, as gqlgen's do: while the engine subscribes, it registers the topic and
// returns a closed channel; while an event is delivered, it returns one that holds
// the event's payload and is closed after it. The resolver returns the channel
// as its own, whole and at once.
//
// Where no engine runs the resolver, on gqlgen's own server say, it returns what the
// listener of the context receives (WithListener), until the context ends or the topic
// does: Initial first, then the events that Where lets through. An event whose payload
// is not a T is left out, because a channel has no place for an error; where an engine runs
// the resolver, the client receives one. Nothing listens any more once the channel is
// closed. ErrNoEvent: there is no listener either. Other errors are those of Subscribe
// and Payload.
func (t Topic[T]) Channel(ctx context.Context, options ...SubscribeOption) (<-chan T, error) {
	x := run.From(ctx)
	switch {
	case x != nil && x.Subscription != nil:
		channel := make(chan T)
		close(channel)
		_, err := t.Subscribe(ctx, options...)
		return channel, err
	case x == nil || x.Event == nil:
		if listener, ok := ctx.Value(listenerKey{}).(Listener); ok {
			return t.listen(ctx, listener, options)
		}
	}
	payload, err := t.Payload(ctx)
	if err != nil {
		return nil, err
	}
	channel := make(chan T, 1)
	channel <- payload
	close(channel)
	return channel, nil
}

// Listener is a bus that can be listened to without an engine: memory.Broadcast is
// one.
type Listener interface {
	// Listen returns the events of the topics from now on, in their order, on a channel
	// that is closed when the context ends.
	Listen(ctx context.Context, topics ...ports.Topic) <-chan ports.Event
}

type listenerKey struct{}

// WithListener returns a context in which Topic.Channel listens, where no engine
// runs the resolver. Together with WithPublisher it lets the resolvers of a gqlgen
// schema run unchanged on gqlgen's own server and in its tests.
func WithListener(ctx context.Context, l Listener) context.Context {
	return context.WithValue(ctx, listenerKey{}, l)
}

func (t Topic[T]) listen(ctx context.Context, listener Listener, options []SubscribeOption) (<-chan T, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	topic, err := checkTopic(t.names()[0]) // of shards, each has every event
	if err != nil {
		return nil, err
	}
	var wanted run.Subscription
	if err := wanted.Register(topic, t.keep, reflect.TypeFor[T](), shapes(options)...); err != nil {
		return nil, err
	}
	listening, stop := context.WithCancel(ctx) // ctx may go on long after the channel
	events := listener.Listen(listening, topic)
	first, err := initialOf[T](ctx, wanted.Initial)
	if err != nil {
		stop()
		return nil, err
	}
	channel := make(chan T)
	go func() {
		defer close(channel)
		defer stop()
		if len(first) > 0 && !send(ctx, channel, first[0]) {
			return
		}
		relay(ctx, channel, events, wanted.Filters)
	}()
	return channel, nil
}

// initialOf is the initial payload, if there is one.
func initialOf[T any](ctx context.Context, initial func(context.Context) (any, error)) ([]T, error) {
	if initial == nil {
		return nil, nil
	}
	encoded, err := run.InitialPayload(ctx, initial)
	if errors.Is(err, ErrSkip) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var payload T
	if err := json.Unmarshal(encoded, &payload); err != nil {
		return nil, err
	}
	return []T{payload}, nil
}

// relay sends the payloads of the events that the filters let through, until the
// topic or the context ends. It leaves out what is not a T.
func relay[T any](ctx context.Context, to chan<- T, events <-chan ports.Event, filters filter.Filters) {
	for event := range events {
		if event.Kind == ports.EventComplete {
			return
		}
		if len(event.Only) > 0 || !filters.Pass(run.DecodePayload(event.Payload)) {
			continue
		}
		var payload T
		if json.Unmarshal(event.Payload, &payload) == nil && !send(ctx, to, payload) {
			return
		}
	}
}

func send[T any](ctx context.Context, to chan<- T, payload T) bool {
	select {
	case <-ctx.Done():
		return false
	case to <- payload:
		return true
	}
}
