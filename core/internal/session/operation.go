package session

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
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
	taken      *taken
	// begun is true from OnSubscribe's yes until OnComplete is called, or the store
	// says who calls it.
	begun atomic.Bool
	// overdue answers the client once the time for the message is over.
	overdue func() error
}

// caller is whom user code runs for.
func (s *starting) caller() *run.Caller {
	return run.NewCaller(s.connection.Address.ID, s.connection.State)
}

// execution is a fresh one, for one call of user code.
func (s *starting) execution() *run.Execution { return &run.Execution{Caller: s.caller()} }

// start handles subscribe, and its legacy name start.
func (h *Handler) start(ctx context.Context, connection ports.Connection, t *taken) error {
	dialect := wire.Of(connection.Protocol)
	if dialect.PipelinesInit() {
		h.lines.decide(t) // connection_init may come after it
		var err error
		if connection, err = h.awaitInit(ctx, connection); err != nil {
			return ignoreUnknown(err)
		}
	}
	if !connection.Initialized || !dialect.PipelinesInit() && h.lines.isEarly(t) {
		return h.answer(ctx, connection.Address, dialect.TooEarly())
	}
	s := &starting{connection: connection, taken: t, Operation: peer.Operation{
		Ref:        ports.OperationRef{Connection: connection.Address.ID, ID: ports.OperationID(t.decoded.ID)},
		Address:    connection.Address,
		Dialect:    dialect,
		ReceivedAt: t.message.ReceivedAt,
	}}
	if free, err := h.isFree(ctx, s); err != nil {
		return err
	} else if !free {
		return h.duplicate(ctx, s)
	}
	h.lines.decide(t)
	defer h.limit(ctx, s)()
	preparing, cancel := context.WithCancel(ctx)
	defer cancel()
	if !h.lines.prepare(t.hold, cancel) {
		return h.givenUp(ctx, s)
	}
	p, request, errs := h.prepare(preparing, s)
	switch {
	case errs != nil:
		return h.refuse(ctx, s, errs)
	case p.Kind() == ports.OperationMutation && t.message.ReadOnly:
		return h.refuse(ctx, s, ports.NewResponseErrors(run.NeedsPost))
	case p.Kind() == ports.OperationSubscription:
		return h.subscribe(ctx, preparing, s, request, p)
	}
	return h.single(ctx, s, p)
}

// awaitRival is for an operation whose ID is held by one that was received earlier.
// Where messages come in their order, the ID is in use; where they do not, a complete
// that frees it may be on its way.
func (h *Handler) awaitRival(ctx context.Context, t *taken) (free bool, err error) {
	if t.rival == nil || t.line.lasting {
		return t.rival == nil, nil
	}
	patience, cancel := context.WithTimeout(ctx, h.ReorderWindow)
	defer cancel()
	for t.rival != nil {
		select {
		case <-t.rival.released:
			h.lines.holdAfter(t)
		case <-patience.Done():
			return false, ctx.Err()
		}
	}
	return true, nil
}

// prepare asks OnSubscribe and reads the document.
func (h *Handler) prepare(ctx context.Context, s *starting) (*run.Prepared, ports.Request, ports.ResponseErrors) {
	request, errs, err := h.Runner.Admit(ctx, s.execution(), s.taken.decoded.Request)
	if err != nil {
		errs = h.refusal(ctx, err)
	}
	if errs != nil {
		return nil, request, errs
	}
	s.begun.Store(true)
	p, errs := h.Runner.Prepare(ctx, request)
	return p, request, errs
}

// refusal is what the client may read of an error of OnSubscribe.
func (h *Handler) refusal(ctx context.Context, err error) ports.ResponseErrors {
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		return ports.ResponseErrors{{Message: public.Message, Extensions: public.Extensions}}
	}
	h.Calls.Report(ctx, "OnSubscribe hook", err)
	return ports.NewResponseErrors(hooks.InternalError)
}

// refuse answers an operation that is not put in place with an error.
func (h *Handler) refuse(ctx context.Context, s *starting, errs ports.ResponseErrors) error {
	switch {
	case isOverdue(ctx):
		return h.answerOverdue(ctx, s)
	case !h.lines.place(s.taken.hold):
		return h.givenUp(ctx, s)
	}
	return h.fail(ctx, s, errs)
}

// isFree reports whether an ID is free. It waits for an operation that holds it, and
// asks the store where an operation may have it that was put in place here. In the
// subprotocol where the later operation takes an ID, the earlier one has ended then.
func (h *Handler) isFree(ctx context.Context, s *starting) (bool, error) {
	free, err := h.awaitRival(ctx, s.taken)
	if err != nil || !free || !s.taken.known {
		return free, err
	}
	inUse, err := h.isInPlace(ctx, s)
	return !inUse, err
}

// isInPlace tries whether the store takes an operation of the ID. The one that it
// tries was received just before, so that its end does not cancel this one.
func (h *Handler) isInPlace(ctx context.Context, s *starting) (bool, error) {
	row := h.row(s)
	row.Limit, row.ReceivedAt = 0, s.ReceivedAt.Add(-2)
	err := h.add(ctx, s, row)
	switch {
	case err == nil:
		_, err = h.Store.RemoveOperation(ctx, s.Ref, s.ReceivedAt.Add(-1))
		return false, err
	case peer.Is(err, ports.ErrConflict):
		return true, nil
	case peer.Is(err, ports.ErrCancelled), peer.Is(err, ports.ErrNotFound), errors.Is(err, errSuperseded):
		return false, nil
	}
	return false, err
}

// fail ends an operation that is not in place with an error.
func (h *Handler) fail(ctx context.Context, s *starting, errs ports.ResponseErrors) error {
	h.lines.release(s.taken)
	h.complete(ctx, s, ports.CompletedByError)
	return h.Peers.Fail(ctx, s.Operation, errs)
}

// duplicate answers an operation whose ID is in use.
func (h *Handler) duplicate(ctx context.Context, s *starting) error {
	h.complete(ctx, s, ports.CompletedByDisconnect)
	return h.answer(ctx, s.Address, s.Dialect.Duplicate(string(s.Ref.ID)))
}

// givenUp is the end of an operation that was not to be put in place any more.
func (h *Handler) givenUp(ctx context.Context, s *starting) error {
	switch h.lines.givenUp(s.taken.hold) {
	case byComplete:
		h.complete(ctx, s, ports.CompletedByClient)
		return h.completed(ctx, s.Dialect, s.Address, s.Ref.ID)
	case byLaterStart:
		h.complete(ctx, s, ports.CompletedByClient)
	case byDeadline:
		return h.answerOverdue(ctx, s)
	default:
		h.complete(ctx, s, ports.CompletedByDisconnect)
	}
	return nil
}

// complete runs OnComplete for an operation that is not in place, if OnSubscribe let
// it begin.
func (h *Handler) complete(ctx context.Context, s *starting, reason ports.CompletionReason) {
	if !s.begun.Swap(false) {
		return
	}
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	h.Calls.Complete(ctx, s.Ref, reason)
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
	if isOverdue(ctx) {
		return h.answerOverdue(ctx, s)
	}
	reason := ports.CompletedByServer
	if result.Rejected != nil {
		reason = ports.CompletedByError
	}
	// The ID is free before the client receives the end, so that it may use it again
	// at once.
	h.lines.ended(s.taken)
	ended, err := h.Peers.End(ctx, s.Ref, s.ReceivedAt, reason)
	if err != nil || !ended {
		return err
	}
	if result.Rejected != nil {
		return h.Peers.Fail(ctx, s.Operation, result.Rejected)
	}
	err = h.reply(ctx, s, result.Body)
	if peer.Is(err, ports.ErrTooLarge) {
		return h.Peers.Fail(ctx, s.Operation, peer.TooLarge())
	}
	if err != nil {
		return err
	}
	return h.Peers.Reply(ctx, s.Address, wire.CompleteFrame(string(s.Ref.ID)))
}

// reply sends a result, or what OnTooLarge has in its place.
func (h *Handler) reply(ctx context.Context, s *starting, body []byte) error {
	err := h.Peers.Result(ctx, s.Operation, body, h.Peers.Reply)
	if !peer.Is(err, ports.ErrTooLarge) {
		return err
	}
	return h.Peers.ResultInstead(ctx, s.Operation, s.execution(), body, h.Peers.Reply)
}

// place adds the operation. False with a nil error means that the client has
// been answered, or needs no answer.
func (h *Handler) place(ctx context.Context, s *starting, row ports.Operation) (proceed bool, err error) {
	switch {
	case isOverdue(ctx):
		return false, h.answerOverdue(ctx, s)
	case !h.lines.place(s.taken.hold):
		return false, h.givenUp(ctx, s)
	}
	err = h.add(ctx, s, row)
	switch {
	case err == nil:
		s.begun.Store(false) // whoever removes it calls OnComplete
		h.lines.placed(s.taken)
		h.Observation.Count(ctx, ports.Counts{Operations: 1})
		return true, nil
	case isOverdue(ctx): // the client has not been answered
	case peer.Is(err, ports.ErrCancelled):
		h.complete(ctx, s, ports.CompletedByClient)
		return false, h.completed(ctx, s.Dialect, s.Address, s.Ref.ID)
	case peer.Is(err, ports.ErrConflict):
		return false, h.duplicate(ctx, s)
	case peer.Is(err, ports.ErrNotFound): // nobody waits for it any more
		h.complete(ctx, s, ports.CompletedByDisconnect)
		return false, nil
	case errors.Is(err, errSuperseded):
		h.complete(ctx, s, ports.CompletedByClient)
		return false, nil
	case peer.Is(err, ports.ErrTooMany):
		return false, h.fail(ctx, s, ports.NewResponseErrors(fmt.Sprintf("a connection may have at most %d operations", h.MaxOperations)))
	case peer.Is(err, ports.ErrTooLarge):
		return false, h.fail(ctx, s, ports.NewResponseErrors("the operation is too large to be kept"))
	}
	if ctx.Err() == nil { // or the client has left
		h.Calls.Report(ctx, "adding an operation", err, hooks.Connection(s.Ref.Connection))
	}
	return false, h.failUnknown(ctx, s)
}

// failUnknown ends an operation that may be in place all the same: after its error
// nothing may come.
func (h *Handler) failUnknown(ctx context.Context, s *starting) error {
	if err := h.Peers.Fail(ctx, s.Operation, ports.NewResponseErrors(hooks.InternalError)); err != nil {
		return err
	}
	ended, err := h.Peers.End(ctx, s.Ref, s.ReceivedAt, ports.CompletedByError)
	if !ended {
		h.complete(ctx, s, ports.CompletedByError)
	}
	return err
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
	if _, err := h.Peers.End(ctx, s.Ref, row.ReceivedAt.Add(-1), ports.CompletedByClient); err != nil {
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
	if err != nil {
		return err
	}
	if !ended { // by the operation's own end, or because the row is lost
		return ignoreUnknown(h.checkRow(ctx, message))
	}
	return h.completed(ctx, dialect, message.Address, ref.ID)
}
