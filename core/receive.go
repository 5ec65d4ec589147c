package core

import (
	"context"
	"errors"

	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// Receive handles one message of a client and returns when that is done: a query
// has its result, a subscription is in place. Replies go through the Pusher.
//
// Messages of one connection may be handled concurrently and in any order;
// Message.ReceivedAt tells what came first. A message may be handed over again
// after a failure; a query or mutation that had been executed is executed again.
//
// What the client does wrong gets the answer that its subprotocol demands and is
// no error. The error is a failure of a store or of the pusher that kept the
// engine from answering; the connection is then closed (1013), so that its client
// does not wait for ever.
func (e *Engine) Receive(ctx context.Context, message ports.Message) error {
	ctx = e.withPublisher(ctx)
	err := e.handle(ctx, message)
	if err != nil {
		return errors.Join(err, e.closeConnection(ctx, message.Address, closeTryAgainLater, "Try again later"))
	}
	return nil
}

func (e *Engine) handle(ctx context.Context, message ports.Message) error {
	if len(message.Data) > e.config.MaxMessageBytes {
		return e.closeConnection(ctx, message.Address, closeTooBig, "Message too big")
	}
	switch e.rates.take(message.Address.ID, e.config.Now()) {
	case overRate:
		return e.closeConnection(ctx, message.Address, closePolicy, "Too many messages")
	case overRateAndTold:
		return nil
	}
	envelope, err := wire.Parse(message.Data)
	kind := envelope.Type
	if !wire.IsType(kind) {
		kind = "invalid"
	}
	ctx, end := e.observed.begin(ctx, ports.Step{Name: ports.StepReceive, Connection: message.Address.ID, Message: kind})
	if err == nil {
		err = e.dispatch(ctx, message, envelope)
	} else {
		err = e.invalid(ctx, message, err)
	}
	end(err)
	return err
}

func (e *Engine) dispatch(ctx context.Context, message ports.Message, envelope wire.Envelope) error {
	// What each of these needs to know it learns without reading the connection
	// first, which on DynamoDB would be one more request.
	switch envelope.Type {
	case "ping", "pong", "complete":
		if decoded, err := envelope.Decode(wire.Modern); err == nil {
			return e.withoutRead(ctx, message, decoded)
		}
	case "connection_init":
		if decoded, err := envelope.Decode(wire.Modern); err == nil {
			return e.initialize(ctx, message, decoded.Payload)
		}
	}
	connection, err := e.connection(ctx, message.Address)
	if err != nil {
		return ignoreUnknown(err)
	}
	if e.ended(connection.NotAfter) {
		return e.closeEnded(ctx, connection.Address)
	}
	decoded, err := envelope.Decode(connection.Protocol)
	if err == nil && ports.OperationID(decoded.ID) == identityOperation {
		err = errReserved()
	}
	if err != nil {
		return e.answerInvalid(ctx, connection, err)
	}
	switch decoded.Type {
	case wire.Subscribe:
		return e.start(ctx, connection, message, decoded)
	case wire.Complete:
		return e.stop(ctx, message, decoded.ID, wire.Legacy)
	case wire.Terminate:
		return e.closeConnection(ctx, connection.Address, closeNormal, "")
	default: // ping, pong and connection_init were valid above
		return nil
	}
}

func (e *Engine) withoutRead(ctx context.Context, message ports.Message, decoded wire.Message) error {
	switch decoded.Type {
	case wire.Ping:
		return e.reply(ctx, message.Address, wire.PongFrame(decoded.Payload))
	case wire.Complete:
		if ports.OperationID(decoded.ID) == identityOperation {
			return e.invalid(ctx, message, errReserved())
		}
		return e.stop(ctx, message, decoded.ID, wire.Modern)
	default: // a pong that nobody asked for is legal
		return nil
	}
}

// errUnknownConnection stops the handling of a message whose connection has no
// row: it has expired, was refused, or is just being closed.
var errUnknownConnection = errors.New("core: unknown connection")

func ignoreUnknown(err error) error {
	if errors.Is(err, errUnknownConnection) {
		return nil
	}
	return err
}

// connection reads the connection. One that is not there any more has its socket
// closed, so that the client connects afresh.
func (e *Engine) connection(ctx context.Context, address ports.Address) (ports.Connection, error) {
	connection, err := e.config.Connections.GetConnection(ctx, address.ID)
	if !isKind(err, ports.ErrNotFound) {
		return connection, err
	}
	return connection, e.unknown(ctx, address)
}

func (e *Engine) unknown(ctx context.Context, address ports.Address) error {
	if err := e.config.Pusher.Close(ctx, address, closeGoingAway, "Unknown connection"); err != nil {
		return err
	}
	return errUnknownConnection
}

// invalid answers a message that is no message in any subprotocol.
func (e *Engine) invalid(ctx context.Context, message ports.Message, cause error) error {
	connection, err := e.connection(ctx, message.Address)
	if err != nil {
		return ignoreUnknown(err)
	}
	return e.answerInvalid(ctx, connection, cause)
}

func (e *Engine) answerInvalid(ctx context.Context, connection ports.Connection, cause error) error {
	var invalid *wire.Invalid
	if !errors.As(cause, &invalid) {
		return cause
	}
	switch {
	case connection.Protocol != wire.Legacy:
		return e.closeConnection(ctx, connection.Address, closeBadRequest, invalid.Reason)
	case invalid.HasID:
		return e.reply(ctx, connection.Address, errorFrame(wire.Legacy, invalid.ID, ports.NewResponseErrors(invalid.Reason)))
	default:
		return e.reply(ctx, connection.Address, wire.ConnectionErrorFrame(invalid.Reason))
	}
}

// reply pushes one answer to the client that just wrote. If the client has left
// meanwhile, its connection is forgotten.
func (e *Engine) reply(ctx context.Context, address ports.Address, frame ports.Frame) error {
	err := e.push(ctx, address, frame)
	if isKind(err, ports.ErrGone) {
		return e.Disconnect(ctx, ports.Disconnection{Address: address})
	}
	return err
}

func errorFrame(protocol, id string, errs ports.ResponseErrors) ports.Frame {
	return wire.ErrorFrame(protocol, id, errs[0].Message, errs.AppendJSON(nil))
}
