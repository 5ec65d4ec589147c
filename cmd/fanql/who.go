package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/fanql/fanql/ports"
)

func (p *program) who() *cli.Command {
	return p.command("who", "list the subscribers of a topic", []string{"TOPIC"}, who,
		&cli.BoolFlag{Name: "count", Usage: "their number only"},
		&cli.BoolFlag{Name: "request", Usage: "show documents and variables"},
		&cli.BoolFlag{Name: "state", Usage: "show states of connections"},
	)
}

// shownSubscriber is a subscriber in JSON.
type shownSubscriber struct {
	Connection ports.ConnectionID `json:"connection"`
	Operation  ports.OperationID  `json:"operation"`
	Protocol   string             `json:"protocol"`
	Endpoint   string             `json:"endpoint,omitempty"`
	Live       bool               `json:"live"`
	BehindFrom string             `json:"behindFrom,omitempty"`
	Received   *time.Time         `json:"received,omitempty"`
	NotAfter   *time.Time         `json:"notAfter,omitempty"`
	Request    any                `json:"request,omitempty"`
	State      any                `json:"state,omitempty"`
}

func (s *settings) subscriber(of ports.Subscriber) shownSubscriber {
	shown := shownSubscriber{
		Connection: of.Ref.Connection, Operation: of.Ref.ID, Protocol: of.Protocol, Endpoint: of.Address.Endpoint,
		Live: of.Place.Live(), BehindFrom: of.Place.From.String(), Received: stamp(of.ReceivedAt), NotAfter: stamp(of.NotAfter),
	}
	if s.command.Bool("request") {
		shown.Request = raw(of.Request)
	}
	if s.command.Bool("state") {
		shown.State = raw(of.State)
	}
	return shown
}

// counted are subscribers by their places.
type counted struct {
	Subscribers int `json:"subscribers"`
	Behind      int `json:"behind"`
}

func who(ctx context.Context, s *settings, arguments []string) error {
	db, err := s.open(ctx, varSubscriptions)
	if err != nil {
		return err
	}
	defer db.done()
	var count counted
	rows := [][]string{{"CONNECTION", "OPERATION", "PLACE", "RECEIVED", "PROTOCOL", "ENDPOINT"}}
	for cursor := ports.Cursor(""); ; {
		page, err := db.ListSubscribers(ctx, ports.Topic(arguments[0]), ports.PageRequest{After: cursor})
		if err != nil {
			return err
		}
		for _, subscriber := range page.Subscribers {
			count.Subscribers++
			if !subscriber.Place.Live() {
				count.Behind++
			}
			switch {
			case s.command.Bool("count"):
			case s.json():
				if err := s.value(s.subscriber(subscriber)); err != nil {
					return err
				}
			default:
				rows = append(rows, s.subscriberRow(subscriber)...)
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	switch {
	case s.command.Bool("count") && s.json():
		return s.value(count)
	case s.json():
		return nil
	case len(rows) > 1:
		if err := table(s.out, rows...); err != nil {
			return err
		}
	}
	return s.line("%s of %s, %d behind", number(count.Subscribers, "subscriber"), printable(arguments[0]), count.Behind)
}

// subscriberRow is a subscriber for people, with a line for each thing that was asked
// for.
func (s *settings) subscriberRow(of ports.Subscriber) [][]string {
	rows := [][]string{{
		printable(string(of.Ref.Connection)), printable(string(of.Ref.ID)), place(of.Place), moment(of.ReceivedAt),
		of.Protocol, printable(of.Address.Endpoint),
	}}
	for _, part := range []struct {
		flag string
		text []byte
	}{{"request", of.Request}, {"state", of.State}} {
		if s.command.Bool(part.flag) && len(part.text) > 0 {
			rows = append(rows, []string{"  " + part.flag + ": " + printable(compact(part.text))})
		}
	}
	return rows
}

// compact is JSON in which escapes are what they stand for, where it is JSON.
func compact(text []byte) string {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return string(text)
	}
	again, err := json.Marshal(value)
	if err != nil {
		return string(text)
	}
	return string(again)
}
