package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

func (p *program) publish() *cli.Command {
	command := p.command("publish", "publish a payload on a topic", []string{"TOPIC", "[JSON]..."}, publish,
		&cli.BoolFlag{Name: "end", Usage: "end the subscriptions on the topic, in place of a payload"},
		&cli.StringSliceFlag{Name: "only", Usage: "for this `CONNECTION` only; may be repeated"},
		&cli.StringSliceFlag{Name: "except", Usage: "not for this `CONNECTION`; may be repeated"},
		&cli.IntFlag{Name: "shards", Usage: "core.Shards of the topic"},
		&cli.IntFlag{Name: "keep", Usage: "core.Keep of the topic: how many events its history keeps; 0 leaves the event out of it. Without the flag, as its last event says"},
		&cli.DurationFlag{Name: "keep-age", Usage: "core.Keep of the topic: for how long"},
	)
	command.ArgsUsage = "TOPIC JSON (- reads the JSON from standard input)"
	return command
}

func publish(ctx context.Context, s *settings, arguments []string) error {
	end := s.command.Bool("end")
	var payload json.RawMessage
	switch {
	case end && len(arguments) > 1:
		return misused("publish -end takes no JSON")
	case !end && len(arguments) != 2:
		return misused("publish needs TOPIC and JSON; in place of JSON - for standard input, or -end")
	case !end:
		var err error
		if payload, err = s.payload(arguments[1]); err != nil {
			return err
		}
	}
	topic, err := s.topic(arguments[0])
	if err != nil {
		return err
	}
	needs := []string{varEvents}
	if !s.command.IsSet("keep") {
		needs = append(needs, varSubscriptions) // has the histories
	}
	db, err := s.open(ctx, needs...)
	if err != nil {
		return err
	}
	defer db.done()
	var bus ports.EventBus = db
	if !s.command.IsSet("keep") {
		bus = keeping{db}
	}
	id := rand.Text()
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: bus, Now: s.now, NewID: func() string { return id }})
	if err != nil {
		return err
	}
	event := topic.End()
	if !end {
		event = topic.Event(payload, core.Only(connections(s, "only")...), core.Except(connections(s, "except")...))
	}
	if err := publisher.Publish(ctx, event); err != nil {
		return err
	}
	if s.json() {
		return s.value(map[string]string{"topic": topic.Name(), "event": id})
	}
	return s.line("published on %s: event %s", printable(topic.Name()), id)
}

// payload is the JSON of an argument, or of standard input.
func (s *settings) payload(argument string) (json.RawMessage, error) {
	text := []byte(argument)
	if argument == "-" {
		var err error
		if text, err = io.ReadAll(s.in); err != nil {
			return nil, err
		}
	}
	if !json.Valid(text) {
		return nil, misused("the payload is no JSON; a string needs quotation marks of its own: '\"text\"'")
	}
	return text, nil
}

// topic is the topic with the options that its subscribers gave.
func (s *settings) topic(name string) (core.Topic[json.RawMessage], error) {
	var options []core.TopicOption
	if n := s.command.Int("shards"); n != 0 {
		if n < 0 {
			return core.Topic[json.RawMessage]{}, misused("-shards must not be negative")
		}
		options = append(options, core.Shards(n))
	}
	count, age := s.command.Int("keep"), s.command.Duration("keep-age")
	if (count != 0) != (age != 0) {
		return core.Topic[json.RawMessage]{}, misused("-keep and -keep-age go together, as in core.Keep")
	}
	if count != 0 {
		options = append(options, core.Keep(count, age))
	}
	return core.NewTopic[json.RawMessage](name, options...), nil
}

func connections(s *settings, flag string) []ports.ConnectionID {
	var ids []ports.ConnectionID
	for _, id := range s.command.StringSlice(flag) {
		ids = append(ids, ports.ConnectionID(id))
	}
	return ids
}

// keeping publishes events that are kept as the last event is that the history of their
// topic has. One that a history left out would be missed by whoever resumes, and nobody
// would know.
type keeping struct{ database }

// Publish implements ports.EventBus.
func (k keeping) Publish(ctx context.Context, events ...ports.Event) error {
	for i := range events {
		keep, err := k.retention(ctx, events[i].Topic)
		if err != nil {
			return err
		}
		events[i].Keep = keep
	}
	return k.database.Publish(ctx, events...)
}

func (k keeping) retention(ctx context.Context, topic ports.Topic) (ports.Retention, error) {
	// Where there is no history, this opens one that is empty, and expires after a day.
	last, err := k.Head(ctx, topic, ports.Retention{Count: 1, Age: time.Second})
	if err != nil || last.Position == "" {
		return ports.Retention{}, err
	}
	events, _, err := k.Read(ctx, topic, last, 1)
	switch {
	case err != nil && !errors.Is(err, ports.ErrGap):
		return ports.Retention{}, err
	case len(events) == 0:
		return ports.Retention{}, misused("%s has a history whose last event is gone: give -keep and -keep-age as core.Keep has them, or -keep 0 to leave the event out of it",
			printable(string(topic)))
	}
	return events[0].Keep, nil
}
