package session

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// errUnknownConnection stops the handling of a message whose connection has no
// row: it has expired, was refused, or is just being closed.
var errUnknownConnection = errors.New("core: unknown connection")

func ignoreUnknown(err error) error {
	if errors.Is(err, errUnknownConnection) {
		return nil
	}
	return err
}

// connections are the clients that send messages: reading their rows, answering them, and
// ending them.
type connections struct {
	Config
	lines *lines
	// noHistory: that topics keep nothing is reported once.
	noHistory sync.Once
}

// read reads the connection. One that is not there any more has its socket
// closed, so that the client connects afresh.
func (c *connections) read(ctx context.Context, address ports.Address) (ports.Connection, error) {
	connection, err := c.Store.GetConnection(ctx, address.ID)
	if !errors.Is(err, ports.ErrNotFound) {
		return connection, err
	}
	return connection, c.unknown(ctx, address)
}

func (c *connections) unknown(ctx context.Context, address ports.Address) error {
	if err := c.Peers.Pusher.Close(ctx, address, ports.CloseGoingAway, "Unknown connection"); err != nil {
		return err
	}
	return errUnknownConnection
}

// entitled reads the connection. One that is not there any more, or whose identity has
// ended, is closed: errUnknownConnection.
func (c *connections) entitled(ctx context.Context, address ports.Address) (ports.Connection, error) {
	connection, err := c.read(ctx, address)
	if err != nil || !c.Peers.HasEnded(connection.NotAfter) {
		return connection, err
	}
	ended := c.lines.end(address.ID)
	err = c.Peers.CloseEnded(ctx, address)
	ended(err)
	return connection, cmp.Or(err, errUnknownConnection)
}

// answer gives a client what its subprotocol has for something that was wrong.
func (c *connections) answer(ctx context.Context, address ports.Address, answer wire.Answer) error {
	if answer.Code == 0 {
		return c.Peers.Answer(ctx, address, answer)
	}
	ended := c.lines.end(address.ID)
	err := c.Peers.Answer(ctx, address, answer)
	ended(err)
	return err
}

// close ends a connection, and with it what is being prepared for it.
func (c *connections) close(ctx context.Context, address ports.Address, code int, reason string) error {
	return c.answer(ctx, address, wire.Answer{Code: code, Reason: reason})
}

// completed answers a client that has ended an operation, where its subprotocol
// has an answer.
func (c *connections) completed(ctx context.Context, dialect wire.Dialect, to ports.Address, id ports.OperationID) error {
	if !dialect.EchoesComplete() {
		return nil
	}
	return c.Peers.Reply(ctx, to, wire.CompleteFrame(string(id)))
}
