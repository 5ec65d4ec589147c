package session

import (
	"cmp"
	"context"
	"errors"

	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// receive handles a message that was taken.
func (h *Handler) receive(ctx context.Context, t *taken) error {
	defer h.lines.leave(t)
	err := t.await(ctx)
	var over bool
	if err == nil {
		over, err = h.lines.isOver(ctx, t.line)
	}
	switch {
	case err != nil:
	case over:
		return nil
	default:
		err = h.handle(ctx, t)
	}
	if err != nil {
		return errors.Join(err, h.close(ctx, t.message.Address, ports.CloseTryAgainLater, "Try again later"))
	}
	return nil
}

// close ends a connection, and with it what is being prepared for it.
func (h *Handler) close(ctx context.Context, address ports.Address, code int, reason string) error {
	return h.answer(ctx, address, wire.Answer{Code: code, Reason: reason})
}

// answer gives a client what its subprotocol has for something that was wrong.
func (h *Handler) answer(ctx context.Context, address ports.Address, answer wire.Answer) error {
	if answer.Code == 0 {
		return h.Peers.Answer(ctx, address, answer)
	}
	ended := h.lines.end(address.ID)
	err := h.Peers.Answer(ctx, address, answer)
	ended(err)
	return err
}

func (h *Handler) handle(ctx context.Context, t *taken) error {
	if len(t.message.Data) > h.MaxMessageBytes {
		return h.close(ctx, t.message.Address, ports.CloseTooBig, "Message too big")
	}
	switch t.rate {
	case overRate:
		return h.close(ctx, t.message.Address, ports.ClosePolicy, "Too many messages")
	case overRateAndTold:
		return nil
	}
	kind := t.envelope.Type
	if !wire.IsType(kind) {
		kind = "invalid"
	}
	ctx, end := h.Observation.Begin(ctx, ports.Step{Name: ports.StepReceive, Connection: t.message.Address.ID, Message: kind})
	err := h.dispatch(ctx, t)
	end(err)
	return err
}

func (h *Handler) dispatch(ctx context.Context, t *taken) error {
	if t.invalid != nil {
		return h.invalid(ctx, t.message, t.invalid)
	}
	// What each of these needs to know it learns without reading the connection
	// first, which on DynamoDB would be one more request.
	if _, modern := t.dialect.(wire.Modern); modern {
		switch t.decoded.Type {
		case wire.Ping, wire.Pong, wire.Complete:
			return h.withoutRead(ctx, t)
		case wire.Init:
			return h.initialize(ctx, t)
		}
	}
	connection, err := h.entitled(ctx, t.message.Address)
	if err != nil {
		return ignoreUnknown(err)
	}
	dialect := wire.Of(connection.Protocol)
	decoded := t.decoded
	if t.dialect != dialect {
		decoded, err = t.envelope.Decode(dialect)
	}
	if err == nil && ports.OperationID(decoded.ID) == identity.Operation {
		err = errReserved()
	}
	if err != nil {
		return h.answerInvalid(ctx, connection, err)
	}
	switch decoded.Type {
	case wire.Subscribe:
		return h.start(ctx, connection, t)
	case wire.Complete:
		return h.stop(ctx, t.message, decoded.ID, dialect)
	case wire.Terminate:
		return h.close(ctx, connection.Address, ports.CloseNormal, "")
	default: // ping, pong and connection_init were valid above
		return nil
	}
}

// entitled reads the connection. One that is not there any more, or whose identity has
// ended, is closed: errUnknownConnection.
func (h *Handler) entitled(ctx context.Context, address ports.Address) (ports.Connection, error) {
	connection, err := h.connection(ctx, address)
	if err != nil || !h.Peers.HasEnded(connection.NotAfter) {
		return connection, err
	}
	ended := h.lines.end(address.ID)
	err = h.Peers.CloseEnded(ctx, address)
	ended(err)
	return connection, cmp.Or(err, errUnknownConnection)
}

// withoutRead handles what needs nothing of the connection's row. Whether there still
// is one is looked up all the same where no keepalive does it: a client whose row is
// lost would otherwise send pings and wait for ever.
func (h *Handler) withoutRead(ctx context.Context, t *taken) error {
	if t.decoded.Type == wire.Complete {
		if ports.OperationID(t.decoded.ID) == identity.Operation {
			return h.invalid(ctx, t.message, errReserved())
		}
		return h.stop(ctx, t.message, t.decoded.ID, wire.Modern{})
	}
	if err := h.checkRow(ctx, t.message); err != nil {
		return ignoreUnknown(err)
	}
	if t.decoded.Type == wire.Pong { // one that nobody asked for is legal
		return nil
	}
	return h.Peers.Reply(ctx, t.message.Address, wire.PongFrame(t.decoded.Payload))
}

func (h *Handler) checkRow(ctx context.Context, message ports.Message) error {
	if message.KeptAlive {
		return nil
	}
	_, err := h.entitled(ctx, message.Address)
	return err
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
	return h.answer(ctx, connection.Address, wire.Of(connection.Protocol).Invalid(invalid))
}

// errReserved answers a client that uses the engine's own name.
func errReserved() error {
	return &wire.Invalid{ID: string(identity.Operation), HasID: true, Reason: "id is reserved"}
}
