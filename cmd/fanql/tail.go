package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/fanql/fanql/ports"
)

func (p *program) tail() *cli.Command {
	return p.command("tail", "show the events of a topic as they are published", []string{"TOPIC"}, tail,
		&cli.DurationFlag{Name: "since", Usage: "begin with what was published in the last `DURATION` and is still there"},
		&cli.IntFlag{Name: "count", Usage: "end after `N` events"},
		&cli.BoolFlag{Name: "payload", Usage: "show payloads"},
	)
}

// shownEvent is an event in JSON.
type shownEvent struct {
	ID        string               `json:"id"`
	Topic     ports.Topic          `json:"topic"`
	Kind      ports.EventKind      `json:"kind"`
	Published *time.Time           `json:"published,omitempty"`
	Position  string               `json:"position,omitempty"`
	Bytes     int                  `json:"bytes"`
	Only      []ports.ConnectionID `json:"only,omitempty"`
	Except    []ports.ConnectionID `json:"except,omitempty"`
	Payload   any                  `json:"payload,omitempty"`
}

func (s *settings) shown(event ports.Event) shownEvent {
	e := shownEvent{
		ID: event.ID, Topic: event.Topic, Kind: event.Kind, Published: stamp(event.Time), Position: event.Position,
		Bytes: len(event.Payload), Only: event.Only, Except: event.Except,
	}
	if s.command.Bool("payload") {
		e.Payload = raw(event.Payload)
	}
	return e
}

// eventLine is an event for people.
func (s *settings) eventLine(event ports.Event) string {
	text := fmt.Sprintf("%s  %-10s  %s  %s", moment(event.Time), event.Kind, printable(event.ID), number(len(event.Payload), "byte"))
	if len(event.Only) > 0 {
		text += "  for " + number(len(event.Only), "connection") + " only"
	}
	if len(event.Except) > 0 {
		text += "  not for " + number(len(event.Except), "connection")
	}
	if s.command.Bool("payload") && len(event.Payload) > 0 {
		text += "\n  " + printable(string(event.Payload))
	}
	return text
}

func tail(ctx context.Context, s *settings, arguments []string) error {
	db, err := s.open(ctx, varEvents)
	if err != nil {
		return err
	}
	defer db.done()
	var since time.Time
	if age := s.command.Duration("since"); age > 0 {
		since = s.now().Add(-age)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex // functions of a stream are called by several goroutines
	left := s.command.Int("count")
	show := func(event ports.Event) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil {
			return
		}
		if err := s.showEvent(event); err != nil {
			cancel(err)
		}
		if left--; left == 0 {
			cancel(nil)
		}
	}
	missed := func(n int) {
		fmt.Fprintf(s.log, "fanql: %s came and went unseen: of this topic, or of others in its partition\n", number(n, "event")) //nolint:errcheck // there is nowhere else to say it
	}
	if err := db.follow(ctx, ports.Topic(arguments[0]), since, show, missed); err != nil {
		return err
	}
	if err := context.Cause(ctx); ctx.Err() != nil && err != ctx.Err() { //nolint:errorlint // it is the cause itself
		return err
	}
	return nil
}

func (s *settings) showEvent(event ports.Event) error {
	if s.json() {
		return s.value(s.shown(event))
	}
	return s.line("%s", s.eventLine(event))
}
