package session

import (
	"context"
	"errors"

	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// Take notes what a message begins and ends; core.Engine.Take has the contract.
func (h *Handler) Take(message ports.Message) (handle func(context.Context) error) {
	t := h.take(message, true)
	return func(ctx context.Context) error { return h.receive(ctx, t) }
}

// Receive handles one message of a client; core.Engine.Receive has the contract.
func (h *Handler) Receive(ctx context.Context, message ports.Message) error {
	return h.receive(ctx, h.take(message, false))
}

func (h *Handler) take(message ports.Message, inOrder bool) *taken {
	t := &taken{message: message, rate: h.rates.take(message.Address.ID, h.Now())}
	if t.rate == withinRate && len(message.Data) <= h.MaxMessageBytes {
		t.envelope, t.invalid = wire.Parse(message.Data)
		if t.invalid == nil {
			t.decode()
		}
	}
	h.lines.take(t, inOrder)
	if t.decoded.Type == wire.Complete {
		ref := ports.OperationRef{Connection: message.Address.ID, ID: ports.OperationID(t.decoded.ID)}
		t.ended = h.Peers.AnnounceEnd(ref, message.ReceivedAt.Add(-1)) // one of the same instant came after
	}
	return t
}

// receive handles a message that was taken.
func (h *Handler) receive(ctx context.Context, t *taken) error {
	defer h.lines.leave(t)
	if t.ended != nil {
		defer t.ended()
	}
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

func (h *Handler) handle(ctx context.Context, t *taken) error {
	if len(t.message.Data) > h.MaxMessageBytes {
		return h.close(ctx, t.message.Address, ports.CloseTooBig, "Message too big")
	}
	switch t.rate {
	case overRate:
		err := h.close(ctx, t.message.Address, ports.ClosePolicy, "Too many messages")
		if err != nil {
			h.rates.notClosed(t.message.Address.ID)
		}
		return err
	case alreadyOverRate:
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
			return h.inits.handle(ctx, t)
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

// withoutRead handles what needs nothing of the connection's row. Whether there still
// is one is looked up all the same where no keepalive does it: a client whose row is
// lost would otherwise send pings and wait for ever.
func (h *Handler) withoutRead(ctx context.Context, t *taken) error {
	if t.decoded.Type == wire.Complete {
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

// stop handles complete, and its legacy name stop.
func (h *Handler) stop(ctx context.Context, message ports.Message, id string, dialect wire.Dialect) error {
	ref := ports.OperationRef{Connection: message.Address.ID, ID: ports.OperationID(id)}
	ended, err := h.Peers.EndAnnounced(ctx, ref, message.ReceivedAt, ports.CompletedByClient)
	if err != nil {
		return err
	}
	if !ended { // by the operation's own end, or because the row is lost
		return ignoreUnknown(h.checkRow(ctx, message))
	}
	return h.completed(ctx, dialect, message.Address, ref.ID)
}

// invalid answers a message that is no message in any subprotocol.
func (h *Handler) invalid(ctx context.Context, message ports.Message, cause error) error {
	connection, err := h.read(ctx, message.Address)
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
