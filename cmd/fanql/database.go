package main

import (
	"context"
	"time"

	"github.com/fanql/fanql/cmd/fanql/internal/doctor"
	"github.com/fanql/fanql/cmd/fanql/internal/letters"
	"github.com/fanql/fanql/ports"
)

// database is where a deployment keeps its rows and its events.
type database interface {
	ports.Backend
	ports.History
	// Operations lists the operations of a connection.
	Operations(ctx context.Context, id ports.ConnectionID) ([]ports.Operation, error)
	// follow shows a topic's events as they are published, until ctx ends; since, if
	// not zero, also those that were published since and are still there. Missed
	// receives how many of them, or of other topics, may not have been shown.
	follow(ctx context.Context, topic ports.Topic, since time.Time, show func(ports.Event), missed func(int)) error
	// letters are the events that were given up.
	letters(ctx context.Context) (letters.Box, error)
	// closeSocket has whoever holds a socket close it.
	closeSocket(ctx context.Context, address ports.Address, code int, reason string) error
	// diagnose says what is right and what is wrong.
	diagnose(ctx context.Context) []doctor.Finding
	// done gives back what is open.
	done()
}

// open makes the database that the settings are about. What a command uses of it is
// what must be set: needs are variables of DynamoDB.
func (s *settings) open(ctx context.Context, needs ...string) (database, error) {
	name, err := s.database()
	if err != nil {
		return nil, err
	}
	if name == onRedis {
		return s.openRedis()
	}
	return s.openDynamoDB(ctx, needs)
}
