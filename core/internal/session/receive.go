package session

import (
	"context"
	"errors"

	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// Receive handles one message of a client; core.Engine.Receive has the contract.
func (h *Handler) Receive(ctx context.Context, message ports.Message) error {
	err := h.handle(ctx, message)
	if err != nil {
		return errors.Join(err, h.Peers.Close(ctx, message.Address, ports.CloseTryAgainLater, "Try again later"))
	}
	return nil
}

func (h *Handler) handle(ctx context.Context, message ports.Message) error {
	if len(message.Data) > h.MaxMessageBytes {
		return h.Peers.Close(ctx, message.Address, ports.CloseTooBig, "Message too big")
	}
	switch h.rates.take(message.Address.ID, h.Now()) {
	case overRate:
		return h.Peers.Close(ctx, message.Address, ports.ClosePolicy, "Too many messages")
	case overRateAndTold:
		return nil
	}
	envelope, err := wire.Parse(message.Data)
	kind := envelope.Type
	if !wire.IsType(kind) {
		kind = "invalid"
	}
	ctx, end := h.Observation.Begin(ctx, ports.Step{Name: ports.StepReceive, Connection: message.Address.ID, Message: kind})
	if err == nil {
		err = h.dispatch(ctx, message, envelope)
	} else {
		err = h.invalid(ctx, message, err)
	}
	end(err)
	return err
}

func (h *Handler) dispatch(ctx context.Context, message ports.Message, envelope wire.Envelope) error {
	// What each of these needs to know it learns without reading the connection
	// first, which on DynamoDB would be one more request.
	switch envelope.Type {
	case "ping", "pong", "complete":
		if decoded, err := envelope.Decode(wire.Modern{}); err == nil {
			return h.withoutRead(ctx, message, decoded)
		}
	case "connection_init":
		if decoded, err := envelope.Decode(wire.Modern{}); err == nil {
			return h.initialize(ctx, message, decoded.Payload)
		}
	}
	connection, err := h.connection(ctx, message.Address)
	if err != nil {
		return ignoreUnknown(err)
	}
	if h.Peers.HasEnded(connection.NotAfter) {
		return h.Peers.CloseEnded(ctx, connection.Address)
	}
	dialect := wire.Of(connection.Protocol)
	decoded, err := envelope.Decode(dialect)
	if err == nil && ports.OperationID(decoded.ID) == identity.Operation {
		err = errReserved()
	}
	if err != nil {
		return h.answerInvalid(ctx, connection, err)
	}
	switch decoded.Type {
	case wire.Subscribe:
		return h.start(ctx, connection, message, decoded)
	case wire.Complete:
		return h.stop(ctx, message, decoded.ID, dialect)
	case wire.Terminate:
		return h.Peers.Close(ctx, connection.Address, ports.CloseNormal, "")
	default: // ping, pong and connection_init were valid above
		return nil
	}
}

func (h *Handler) withoutRead(ctx context.Context, message ports.Message, decoded wire.Message) error {
	switch decoded.Type {
	case wire.Ping:
		return h.Peers.Reply(ctx, message.Address, wire.PongFrame(decoded.Payload))
	case wire.Complete:
		if ports.OperationID(decoded.ID) == identity.Operation {
			return h.invalid(ctx, message, errReserved())
		}
		return h.stop(ctx, message, decoded.ID, wire.Modern{})
	default: // a pong that nobody asked for is legal
		return nil
	}
}

// invalid answers a message that is no message in any subprotocol.
func (h *Handler) invalid(ctx context.Context, message ports.Message, cause error) error {
	connection, err := h.connection(ctx, message.Address)
	if err != nil {
		return ignoreUnknown(err)
	}
	return h.answerInvalid(ctx, connection, cause)
}

func (h *Handler) answerInvalid(ctx context.Context, connection ports.Connection, cause error) error {
	invalid, ok := errors.AsType[*wire.Invalid](cause)
	if !ok {
		return cause
	}
	return h.Peers.Answer(ctx, connection.Address, wire.Of(connection.Protocol).Invalid(invalid))
}

// errReserved answers a client that uses the engine's own name.
func errReserved() error {
	return &wire.Invalid{ID: string(identity.Operation), HasID: true, Reason: "id is reserved"}
}
