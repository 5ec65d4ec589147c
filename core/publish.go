package core

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/fanql/fanql/core/internal/observe"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// ErrNoPublisher is Publish's answer where no engine runs the caller.
var ErrNoPublisher = errors.New("core: the context has no publisher: outside of resolvers and hooks use Publisher.Publish")

// PublisherConfig is what a Publisher is made of. Bus is required.
type PublisherConfig struct {
	Bus ports.EventBus
	// Now is the clock of events. Default: time.Now.
	Now func() time.Time
	// NewID makes event IDs, unique for ever. Default: 130 random bits.
	NewID func() string
	// Observer makes traces and metrics of what is published. Default: none.
	Observer ports.Observer
}

// Publisher publishes from anywhere: a mutation, a scheduled function, a command
// line. It needs a bus, and neither schema, store nor socket. Its methods may be
// called concurrently.
type Publisher struct{ config PublisherConfig }

// NewPublisher makes a publisher. It does no I/O. ErrInvalid: the bus is missing, or the
// Observer is a nil pointer.
func NewPublisher(config PublisherConfig) (*Publisher, error) {
	if ports.IsMissing(config.Bus) {
		return nil, invalid("NewPublisher", "core.PublisherConfig.Bus is required")
	}
	if ports.IsNilPointer(config.Observer) {
		return nil, invalid("NewPublisher", "core.PublisherConfig.Observer is a nil pointer: leave it out, or set one that was made")
	}
	if config.Now == nil {
		config.Now = time.Now //nolint:forbidigo // the default of that clock
	}
	if config.NewID == nil {
		config.NewID = rand.Text
	}
	return &Publisher{config}, nil
}

// Event is one event to publish. Topics make them: Topic.Event and Topic.End.
type Event struct {
	kind    ports.EventKind
	topics  []string // one, or the shards of one
	keep    ports.Retention
	payload any
	options []EventOption
	err     error // of the topic's options
}

// EventOption shapes one event.
type EventOption func(*ports.Event)

// Only limits an event to these connections.
func Only(connections ...ports.ConnectionID) EventOption {
	return func(event *ports.Event) { event.Only = append(event.Only, connections...) }
}

// Except keeps an event from these connections: all but the sender, say.
func Except(connections ...ports.ConnectionID) EventOption {
	return func(event *ports.Event) { event.Except = append(event.Except, connections...) }
}

// Publish publishes events with the publisher of the context, which in resolvers
// and hooks is the engine's own. ErrNoPublisher: there is none. Other errors are
// those of Publisher.Publish.
func Publish(ctx context.Context, events ...Event) error {
	publisher, err := publisherOf(ctx)
	if err != nil {
		return err
	}
	return publisher.Publish(ctx, events...)
}

// Events returns what Publish would give to the bus: see Publisher.Events.
// ErrNoPublisher: the context has no publisher.
func Events(ctx context.Context, events ...Event) ([]ports.Event, error) {
	publisher, err := publisherOf(ctx)
	if err != nil {
		return nil, err
	}
	return publisher.Events(ctx, events...)
}

func publisherOf(ctx context.Context) (*Publisher, error) {
	publisher, ok := ctx.Value(publisherKey{}).(*Publisher)
	if !ok {
		return nil, ErrNoPublisher
	}
	return publisher, nil
}

type publisherKey struct{}

// WithPublisher returns a context in which Publish, and the Publish of topics,
// publish with p: for code that is called by resolvers, and by others too.
func WithPublisher(ctx context.Context, p *Publisher) context.Context {
	return context.WithValue(ctx, publisherKey{}, p)
}

// Publish publishes events in one call of the bus, in their order within each
// topic. Nil means that the bus has them all. The error is a *ports.Error: ErrInvalid
// says that a topic is none or that a payload has no JSON, and then nothing was
// published; or it is the bus's own (see ports.EventBus). After any other error the
// events may have been published all the same; publishing again makes other events.
// Payloads are marshalled by encoding/json.
func (p *Publisher) Publish(ctx context.Context, events ...Event) error {
	published, err := p.all("core.Publish", events)
	if err != nil {
		return err
	}
	return p.hand(ctx, published)
}

// Events returns what Publish would give to the bus, and publishes nothing: for a bus
// that takes events in another way as well, as part of a transaction say (see
// dynamodb.Backend.TransactItems). Each event has an ID, a time and the trace of the
// context, and is there once for each shard of its topic. The error is that of Publish
// for events that have no topic or no JSON. No step of an Observer begins.
func (p *Publisher) Events(ctx context.Context, events ...Event) ([]ports.Event, error) {
	made, err := p.all("core.Events", events)
	if err != nil {
		return nil, err
	}
	p.trace(ctx, made)
	return made, nil
}

// all makes what is published of events.
func (p *Publisher) all(op string, events []Event) ([]ports.Event, error) {
	made := make([]ports.Event, 0, len(events))
	for i := range events {
		var err error
		if made, err = p.append(made, &events[i]); err != nil {
			return nil, &ports.Error{Op: op, Kind: ports.ErrInvalid, Err: err}
		}
	}
	return made, nil
}

// trace puts the trace of a context into events.
func (p *Publisher) trace(ctx context.Context, events []ports.Event) {
	trace := observe.Observation{Observer: p.config.Observer}.Trace(ctx)
	for i := range events {
		events[i].Trace = trace
	}
}

// append adds an event once for each of its topics.
func (p *Publisher) append(published []ports.Event, event *Event) (_ []ports.Event, err error) {
	if len(event.topics) == 0 {
		return nil, errors.New("an event is made by a topic: Topic.Event or Topic.End")
	}
	if event.err != nil {
		return nil, event.err
	}
	made := p.event(event.kind)
	made.Keep = event.keep
	if event.kind == ports.EventData {
		if made.Payload, err = run.EncodePayload(event.payload); err != nil {
			return nil, fmt.Errorf("payload for topic %q: %w", event.topics[0], err)
		}
	}
	for _, option := range event.options {
		option(&made)
	}
	for _, name := range event.topics {
		if made.Topic, err = checkTopic(name); err != nil {
			return nil, err
		}
		published = append(published, made)
	}
	return published, nil
}

// hand gives events to the bus.
func (p *Publisher) hand(ctx context.Context, events []ports.Event) error {
	observed := observe.Observation{Observer: p.config.Observer}
	ctx, end := observed.Begin(ctx, ports.Step{Name: ports.StepPublish, Topic: observe.OnlyTopic(events), Events: len(events)})
	p.trace(ctx, events)
	err := p.config.Bus.Publish(ctx, events...)
	end(err)
	return err
}

func (p *Publisher) event(kind ports.EventKind) ports.Event {
	return ports.Event{ID: p.config.NewID(), Kind: kind, Time: p.config.Now()}
}
