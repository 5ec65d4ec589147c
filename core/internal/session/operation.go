package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// starting is an operation on its way into place.
type starting struct {
	peer.Operation
	connection ports.Connection
}

// caller is whom user code runs for.
func (s *starting) caller() *run.Caller {
	return run.NewCaller(s.connection.Address.ID, s.connection.State)
}

// execution is a fresh one, for one call of user code.
func (s *starting) execution() *run.Execution { return &run.Execution{Caller: s.caller()} }

// start handles subscribe, and its legacy name start.
func (h *Handler) start(ctx context.Context, connection ports.Connection, message ports.Message, decoded wire.Message) error {
	dialect := wire.Of(connection.Protocol)
	if dialect.PipelinesInit() {
		var err error
		if connection, err = h.awaitInit(ctx, connection); err != nil {
			return ignoreUnknown(err)
		}
	}
	if !connection.Initialized {
		return h.Peers.Answer(ctx, connection.Address, dialect.TooEarly())
	}
	s := &starting{connection: connection, Operation: peer.Operation{
		Ref:        ports.OperationRef{Connection: connection.Address.ID, ID: ports.OperationID(decoded.ID)},
		Address:    connection.Address,
		Dialect:    dialect,
		ReceivedAt: message.ReceivedAt,
	}}
	p, request, errs, err := h.Runner.Admit(ctx, s.execution(), decoded.Request)
	switch {
	case err != nil:
		return h.Peers.Fail(ctx, s.Operation, h.refusal(ctx, err))
	case errs != nil:
		return h.Peers.Fail(ctx, s.Operation, errs)
	case p.Kind() == ports.OperationSubscription:
		return h.subscribe(ctx, s, request, p)
	}
	return h.single(ctx, s, p)
}

// refusal is what the client may read of an error of OnSubscribe.
func (h *Handler) refusal(ctx context.Context, err error) ports.ResponseErrors {
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		return ports.ResponseErrors{{Message: public.Message, Extensions: public.Extensions}}
	}
	h.Calls.Report(ctx, "OnSubscribe hook", err)
	return ports.NewResponseErrors(hooks.InternalError)
}

// row is the row of a query or mutation; a subscription adds to it.
func (h *Handler) row(s *starting) ports.Operation {
	limit := h.MaxOperations
	if s.connection.Identity != "" {
		limit++ // for the one that makes it the identity's
	}
	return ports.Operation{
		Ref:        s.Ref,
		Address:    s.Address,
		Protocol:   s.Dialect.Name(),
		ReceivedAt: s.ReceivedAt,
		// Not the connection's own, which may have been extended since it was read.
		ExpiresAt: h.Now().Add(h.ConnectionTTL),
		NotAfter:  s.connection.NotAfter,
		Limit:     limit,
	}
}

// single runs a query or a mutation. While it runs, its ID is taken, and a
// complete for it is noticed: then no result is sent (PROTOCOL.md, Complete).
func (h *Handler) single(ctx context.Context, s *starting, p *run.Prepared) error {
	if proceed, err := h.place(ctx, s, h.row(s)); !proceed {
		return err
	}
	result := h.Runner.Execute(ctx, s.execution(), p, nil)
	reason := ports.CompletedByServer
	if result.Rejected != nil {
		reason = ports.CompletedByError
	}
	// The ID is free before the client receives the end, so that it may use it again
	// at once.
	ended, err := h.Peers.End(ctx, s.Ref, s.ReceivedAt, reason)
	if err != nil || !ended {
		return err
	}
	if result.Rejected != nil {
		return h.Peers.Fail(ctx, s.Operation, result.Rejected)
	}
	err = h.Peers.Result(ctx, s.Operation, s.execution(), result.Body, h.Peers.Reply)
	if peer.Is(err, ports.ErrTooLarge) {
		return h.Peers.Fail(ctx, s.Operation, peer.TooLarge())
	}
	if err != nil {
		return err
	}
	return h.Peers.Reply(ctx, s.Address, wire.CompleteFrame(string(s.Ref.ID)))
}

// place adds the operation. False with a nil error means that the client has
// been answered, or needs no answer.
func (h *Handler) place(ctx context.Context, s *starting, row ports.Operation) (proceed bool, err error) {
	err = h.add(ctx, s, row)
	switch {
	case err == nil:
		h.Observation.Count(ctx, ports.Counts{Operations: 1})
		return true, nil
	case peer.Is(err, ports.ErrCancelled):
		return false, h.completed(ctx, s.Dialect, s.Address, s.Ref.ID)
	case peer.Is(err, ports.ErrConflict):
		return false, h.Peers.Answer(ctx, s.Address, s.Dialect.Duplicate(string(s.Ref.ID)))
	case peer.Is(err, ports.ErrNotFound), errors.Is(err, errSuperseded): // nobody waits for it any more
		return false, nil
	case peer.Is(err, ports.ErrTooMany):
		return false, h.Peers.Fail(ctx, s.Operation, ports.NewResponseErrors(fmt.Sprintf("a connection may have at most %d operations", h.MaxOperations)))
	case peer.Is(err, ports.ErrTooLarge):
		return false, h.Peers.Fail(ctx, s.Operation, ports.NewResponseErrors("the operation is too large to be kept"))
	}
	h.Calls.Report(ctx, "adding an operation", err, hooks.Connection(s.Ref.Connection))
	// It may be in place all the same, and after its error nothing may come.
	return false, h.Peers.EndWithErrors(ctx, s.Operation, ports.NewResponseErrors(hooks.InternalError))
}

// completed answers a client that has ended an operation, where its subprotocol
// has an answer.
func (h *Handler) completed(ctx context.Context, dialect wire.Dialect, to ports.Address, id ports.OperationID) error {
	if !dialect.EchoesComplete() {
		return nil
	}
	return h.Peers.Reply(ctx, to, wire.CompleteFrame(string(id)))
}

// add puts the operation in place. An ID in use is not at once a conflict: one
// subprotocol ends the old operation, as its reference does, and in the other a
// complete may be on its way that this subscribe has overtaken.
func (h *Handler) add(ctx context.Context, s *starting, row ports.Operation) error {
	const first, most = 5 * time.Millisecond, 100 * time.Millisecond
	patience, cancel := context.WithTimeout(ctx, h.ReorderWindow)
	defer cancel()
	for backoff := first; ; backoff = min(2*backoff, most) {
		err := h.Store.AddOperation(ctx, row)
		switch {
		case !peer.Is(err, ports.ErrConflict):
			return err
		case s.Dialect.ReplacesOperations():
			return h.replace(ctx, s, row)
		case peer.Wait(patience, backoff) != nil:
			return err
		}
	}
}

// errSuperseded: a later start of the same ID was handled first.
var errSuperseded = errors.New("core: superseded")

// replace ends the operation that has the ID and was received before.
func (h *Handler) replace(ctx context.Context, s *starting, row ports.Operation) error {
	// Just before this one: the tombstone must not cancel it.
	if _, err := h.Peers.End(ctx, s.Ref, s.ReceivedAt.Add(-1), ports.CompletedByClient); err != nil {
		return err
	}
	err := h.Store.AddOperation(ctx, row)
	if peer.Is(err, ports.ErrConflict) { // with one that was received later
		return errSuperseded
	}
	return err
}

// stop handles complete, and its legacy name stop.
func (h *Handler) stop(ctx context.Context, message ports.Message, id string, dialect wire.Dialect) error {
	ref := ports.OperationRef{Connection: message.Address.ID, ID: ports.OperationID(id)}
	ended, err := h.Peers.End(ctx, ref, message.ReceivedAt, ports.CompletedByClient)
	if err != nil || !ended {
		return err
	}
	return h.completed(ctx, dialect, message.Address, ref.ID)
}
