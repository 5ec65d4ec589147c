package core

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fanql/fanql/ports"
)

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

// NewPublisher makes a publisher. It does no I/O. The error says that the bus is
// missing.
func NewPublisher(config PublisherConfig) (*Publisher, error) {
	if config.Bus == nil {
		return nil, fmt.Errorf("core.PublisherConfig.Bus %w", errRequired)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.NewID == nil {
		config.NewID = rand.Text
	}
	return &Publisher{config}, nil
}

// Publication is one event to publish.
type Publication struct {
	Topic string
	// Payload is marshalled by encoding/json.
	Payload any
	Options []PublishOption
	// topics, if any, take the place of Topic: the shards of a typed one.
	topics []string
}

// PublishOption shapes one event.
type PublishOption func(*ports.Event)

// Only limits an event to these connections.
func Only(connections ...ports.ConnectionID) PublishOption {
	return func(event *ports.Event) { event.Only = append(event.Only, connections...) }
}

// Except keeps an event from these connections: all but the sender, say.
func Except(connections ...ports.ConnectionID) PublishOption {
	return func(event *ports.Event) { event.Except = append(event.Except, connections...) }
}

// Publish publishes one event. Nil means that the bus has it. The error says
// that the topic is none or that the payload has no JSON, or it is the bus's own
// (see ports.EventBus). After an error the event may have been published all the
// same; publishing again makes another event.
func (p *Publisher) Publish(ctx context.Context, topic string, payload any, options ...PublishOption) error {
	return p.PublishAll(ctx, Publication{Topic: topic, Payload: payload, Options: options})
}

// PublishAll publishes several events in one call of the bus, in their order
// within each topic. Errors are those of Publish.
func (p *Publisher) PublishAll(ctx context.Context, publications ...Publication) error {
	events := make([]ports.Event, 0, len(publications))
	for _, publication := range publications {
		event := p.event(ports.EventData)
		var err error
		if event.Payload, err = json.Marshal(publication.Payload); err != nil {
			return fmt.Errorf("core: payload for topic %q: %w", publication.Topic, err)
		}
		for _, option := range publication.Options {
			option(&event)
		}
		topics := publication.topics
		if len(topics) == 0 {
			topics = []string{publication.Topic}
		}
		if events, err = appendTo(events, event, topics); err != nil {
			return err
		}
	}
	return p.hand(ctx, events)
}

// hand gives events to the bus.
func (p *Publisher) hand(ctx context.Context, events []ports.Event) error {
	observed := observation{p.config.Observer}
	ctx, end := observed.begin(ctx, ports.Step{Name: ports.StepPublish, Topic: onlyTopic(events), Events: len(events)})
	trace := observed.trace(ctx)
	for i := range events {
		events[i].Trace = trace
	}
	err := p.config.Bus.Publish(ctx, events...)
	end(err)
	return err
}

// Complete ends every subscription on the topics, after the events published
// before. Errors are those of Publish.
func (p *Publisher) Complete(ctx context.Context, topics ...string) error {
	events, err := appendTo(nil, p.event(ports.EventComplete), topics)
	if err != nil {
		return err
	}
	return p.hand(ctx, events)
}

func (p *Publisher) event(kind ports.EventKind) ports.Event {
	return ports.Event{ID: p.config.NewID(), Kind: kind, Time: p.config.Now()}
}

// appendTo adds the event once for each topic.
func appendTo(events []ports.Event, event ports.Event, topics []string) ([]ports.Event, error) {
	for _, name := range topics {
		topic, err := checkTopic(name)
		if err != nil {
			return nil, fmt.Errorf("core: %w", err)
		}
		event.Topic = topic
		events = append(events, event)
	}
	return events, nil
}
