package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

func (p *program) disconnect() *cli.Command {
	command := p.command("disconnect", "close a connection, or all of an identity", []string{"[ID]..."}, disconnect,
		&cli.StringFlag{Name: "identity", Usage: "all connections of this `IDENTITY`, by an event on the bus"},
		&cli.IntFlag{Name: "code", Usage: "close code; API Gateway always sends 1000", Value: ports.CloseForbidden},
		&cli.StringFlag{Name: "reason", Usage: "what the client reads", Value: "Disconnected by an operator"},
		&cli.DurationFlag{Name: "wait", Usage: "how long the process with the socket may take to remove the rows", Value: 5 * time.Second},
	)
	command.ArgsUsage = "ID, or -identity IDENTITY"
	return command
}

func disconnect(ctx context.Context, s *settings, arguments []string) error {
	identity := s.command.String("identity")
	switch {
	case identity != "" && len(arguments) > 0:
		return misused("disconnect takes an ID or -identity, and got both")
	case identity != "":
		return disconnectIdentity(ctx, s, identity)
	case len(arguments) != 1:
		return misused("disconnect needs the ID of a connection, or -identity")
	}
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
	if err := db.closeSocket(ctx, row.Address, s.command.Int("code"), s.command.String("reason")); err != nil {
		return fmt.Errorf("closing the socket, whose rows are kept: %w", err)
	}
	removed, err := s.removed(ctx, db, id)
	if err != nil {
		return err
	}
	if s.json() {
		return s.value(map[string]any{"connection": id, "hooks": removed})
	}
	if removed {
		return s.line("disconnected %s", printable(string(id)))
	}
	return s.line("disconnected %s; its rows were removed here, without the hooks OnComplete and OnDisconnect", printable(string(id)))
}

// removed waits until whoever held the socket has removed the connection, which runs
// the program's hooks. Where nobody does, because the socket was gone already, the
// connection is removed here.
func (s *settings) removed(ctx context.Context, db database, id ports.ConnectionID) (bool, error) {
	wait, cancel := context.WithTimeout(ctx, s.command.Duration("wait"))
	defer cancel()
	for {
		_, err := db.GetConnection(ctx, id)
		if errors.Is(err, ports.ErrNotFound) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-wait.Done():
			removed, err := db.DeleteConnection(ctx, id)
			return !removed.Found, err
		}
	}
}

func disconnectIdentity(ctx context.Context, s *settings, identity string) error {
	db, err := s.open(ctx, varEvents)
	if err != nil {
		return err
	}
	defer db.done()
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: db, Now: s.now})
	if err != nil {
		return err
	}
	if err := publisher.CloseIdentity(ctx, identity, s.command.Int("code"), s.command.String("reason")); err != nil {
		return err
	}
	if s.json() {
		return s.value(map[string]string{"identity": identity})
	}
	return s.line("published: the connections of %s close when the event is delivered", printable(identity))
}
