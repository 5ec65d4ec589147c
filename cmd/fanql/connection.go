package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/fanql/fanql/ports"
)

func (p *program) connection() *cli.Command {
	return p.command("connection", "show a connection, and what it subscribed to", []string{"ID"}, connection,
		&cli.BoolFlag{Name: "state", Usage: "show the state of the connection"},
		&cli.BoolFlag{Name: "request", Usage: "show documents and variables"},
	)
}

// shownConnection is a connection in JSON.
type shownConnection struct {
	ID          ports.ConnectionID `json:"id"`
	Endpoint    string             `json:"endpoint,omitempty"`
	Protocol    string             `json:"protocol"`
	Identity    string             `json:"identity,omitempty"`
	Initialized bool               `json:"initialized"`
	Expires     *time.Time         `json:"expires"`
	NotAfter    *time.Time         `json:"notAfter,omitempty"`
	State       any                `json:"state,omitempty"`
	Operations  []shownOperation   `json:"operations"`
}

// shownOperation is an operation of it. One without topics is a query or a mutation
// that is under way.
type shownOperation struct {
	ID       ports.OperationID `json:"id"`
	Received *time.Time        `json:"received"`
	Expires  *time.Time        `json:"expires"`
	Request  any               `json:"request,omitempty"`
	Topics   []shownTopic      `json:"topics"`
}

// shownTopic is a topic with the place of the operation there. Listed is false where
// the topic's listing does not have the operation.
type shownTopic struct {
	Topic      ports.Topic `json:"topic"`
	Listed     bool        `json:"listed"`
	Live       bool        `json:"live"`
	BehindFrom string      `json:"behindFrom,omitempty"`

	place ports.Place
}

// ownPrefix begins the names of operations that are the engine's own: they make the
// connections of an identity known.
const ownPrefix = "fanql:"

func connection(ctx context.Context, s *settings, arguments []string) error {
	db, err := s.open(ctx, varConnections, varSubscriptions)
	if err != nil {
		return err
	}
	defer db.done()
	id := ports.ConnectionID(arguments[0])
	row, err := db.GetConnection(ctx, id)
	if errors.Is(err, ports.ErrNotFound) {
		return fmt.Errorf("there is no connection %s, or it has expired", printable(arguments[0]))
	}
	if err != nil {
		return err
	}
	shown := shownConnection{
		ID: id, Endpoint: row.Address.Endpoint, Protocol: row.Protocol, Identity: row.Identity,
		Initialized: row.Initialized, Expires: stamp(row.ExpiresAt), NotAfter: stamp(row.NotAfter),
		Operations: []shownOperation{},
	}
	if s.command.Bool("state") {
		shown.State = raw(row.State)
	}
	operations, err := db.Operations(ctx, id)
	if err != nil {
		return err
	}
	for _, operation := range operations {
		if strings.HasPrefix(string(operation.Ref.ID), ownPrefix) {
			continue
		}
		one, err := s.operation(ctx, db, operation)
		if err != nil {
			return err
		}
		shown.Operations = append(shown.Operations, one)
	}
	if s.json() {
		return s.value(shown)
	}
	return s.printConnection(row, shown)
}

// operation looks up the places of an operation in the listings of its topics.
func (s *settings) operation(ctx context.Context, db database, of ports.Operation) (shownOperation, error) {
	shown := shownOperation{ID: of.Ref.ID, Received: stamp(of.ReceivedAt), Expires: stamp(of.ExpiresAt), Topics: []shownTopic{}}
	for _, topic := range of.Topics {
		subscriber, err := db.GetSubscriber(ctx, topic, of.Ref)
		switch {
		case errors.Is(err, ports.ErrNotFound):
			shown.Topics = append(shown.Topics, shownTopic{Topic: topic})
			continue
		case err != nil:
			return shown, err
		}
		shown.Topics = append(shown.Topics, shownTopic{
			Topic: topic, Listed: true, Live: subscriber.Place.Live(), BehindFrom: subscriber.Place.From.String(), place: subscriber.Place,
		})
		if s.command.Bool("request") {
			shown.Request = raw(subscriber.Request)
		}
	}
	return shown, nil
}

func (s *settings) printConnection(row ports.Connection, shown shownConnection) error {
	identity, ends := "none", []string(nil)
	if row.Identity != "" {
		identity, ends = printable(row.Identity), []string{"identity ends", s.when(row.NotAfter)}
	}
	var state []string
	if s.command.Bool("state") {
		state = []string{"state", printable(string(row.State))}
	}
	err := table(s.out,
		[]string{"connection", printable(string(shown.ID))},
		[]string{"endpoint", printable(row.Address.Endpoint)},
		[]string{"protocol", row.Protocol},
		[]string{"initialized", map[bool]string{true: "yes", false: "no"}[row.Initialized]},
		[]string{"identity", identity}, ends,
		[]string{"expires", s.when(row.ExpiresAt)}, state,
	)
	if err != nil {
		return err
	}
	if len(shown.Operations) == 0 {
		return s.line("\nno operations")
	}
	rows := [][]string{{"OPERATION", "TOPIC", "PLACE", "RECEIVED", "EXPIRES"}}
	for _, operation := range shown.Operations {
		rows = append(rows, s.operationRows(operation)...)
	}
	if err := s.line(""); err != nil {
		return err
	}
	return table(s.out, rows...)
}

func (s *settings) operationRows(of shownOperation) [][]string {
	id, received, expires := printable(string(of.ID)), moment(*of.Received), s.when(*of.Expires)
	if len(of.Topics) == 0 {
		return [][]string{{id, "none: a query or mutation under way", "", received, expires}}
	}
	var rows [][]string
	for _, topic := range of.Topics {
		where := "not listed"
		if topic.Listed {
			where = place(topic.place)
		}
		rows = append(rows, []string{id, printable(string(topic.Topic)), where, received, expires})
	}
	if request, ok := of.Request.(interface{ MarshalJSON() ([]byte, error) }); ok {
		text, _ := request.MarshalJSON() // it is JSON already
		rows = append(rows, []string{"  request: " + printable(compact(text))})
	}
	return rows
}

// when is an instant, and how far it is.
func (s *settings) when(at time.Time) string {
	if at.IsZero() {
		return moment(at)
	}
	left := at.Sub(s.now()).Round(time.Second)
	if left < 0 {
		return fmt.Sprintf("%s (%s ago)", moment(at), -left)
	}
	return fmt.Sprintf("%s (in %s)", moment(at), left)
}
