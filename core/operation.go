package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// start handles subscribe, and its legacy name start.
func (e *Engine) start(ctx context.Context, connection ports.Connection, message ports.Message, decoded wire.Message) error {
	if connection.Protocol == wire.Legacy {
		var err error
		if connection, err = e.awaitInit(ctx, connection); err != nil {
			return ignoreUnknown(err)
		}
	}
	if !connection.Initialized {
		return e.tooEarly(ctx, connection)
	}
	s := &starting{
		connection: connection,
		ref:        ports.OperationRef{Connection: connection.Address.ID, ID: ports.OperationID(decoded.ID)},
		receivedAt: message.ReceivedAt,
	}
	request, errs := e.trusted.resolve(decoded.Request)
	if errs != nil {
		return e.fail(ctx, s, errs)
	}
	request, err := e.callOnSubscribe(withExecution(ctx, s.execution()), request)
	if err != nil {
		return e.fail(ctx, s, e.refusalErrors(ctx, "OnSubscribe hook", err))
	}
	prepared, errs := e.prepare(ctx, request)
	if errs != nil {
		return e.fail(ctx, s, errs)
	}
	if prepared.operation.Kind() == ports.OperationSubscription {
		return e.subscribe(ctx, s, request, prepared)
	}
	return e.single(ctx, s, prepared)
}

// tooEarly answers an operation before the ack: PROTOCOL.md of graphql-ws,
// Subscribe. The legacy socket stays open.
func (e *Engine) tooEarly(ctx context.Context, connection ports.Connection) error {
	if connection.Protocol == wire.Legacy {
		return e.reply(ctx, connection.Address, wire.ConnectionErrorFrame("connection_init must come first"))
	}
	return e.closeConnection(ctx, connection.Address, closeUnauthorized, "Unauthorized")
}

// starting is an operation on its way into place.
type starting struct {
	connection ports.Connection
	ref        ports.OperationRef
	receivedAt time.Time
}

// execution is a fresh one, for one call of user code.
func (s *starting) execution() *execution {
	return &execution{connection: &identity{id: s.connection.Address.ID, state: s.connection.State}}
}

// operation is the row of a query or mutation; a subscription adds to it.
func (e *Engine) operation(s *starting) ports.Operation {
	limit := e.config.MaxOperations
	if s.connection.Identity != "" {
		limit++ // for the one that makes it the identity's
	}
	return ports.Operation{
		Ref:        s.ref,
		Address:    s.connection.Address,
		Protocol:   s.connection.Protocol,
		ReceivedAt: s.receivedAt,
		// Not the connection's own, which may have been extended since it was read.
		ExpiresAt: e.config.Now().Add(e.config.ConnectionTTL),
		NotAfter:  s.connection.NotAfter,
		Limit:     limit,
	}
}

// single runs a query or a mutation. While it runs, its ID is taken, and a
// complete for it is noticed: then no result is sent (PROTOCOL.md, Complete).
func (e *Engine) single(ctx context.Context, s *starting, p *prepared) error {
	if proceed, err := e.place(ctx, s, e.operation(s)); !proceed {
		return err
	}
	outcome := e.execute(ctx, s.execution(), p, nil)
	reason := CompletedByServer
	if outcome.Rejected != nil {
		reason = CompletedByError
	}
	// The ID is free before the client hears of the end, so that it may use it
	// again at once.
	ended, err := e.end(ctx, s.ref, s.receivedAt, reason)
	if err != nil || !ended {
		return err
	}
	if outcome.Rejected != nil {
		return e.reply(ctx, s.connection.Address, errorFrame(s.connection.Protocol, string(s.ref.ID), outcome.Rejected))
	}
	err = e.reply(ctx, s.connection.Address, wire.NextFrame(s.connection.Protocol, string(s.ref.ID), outcome.Body))
	if isKind(err, ports.ErrTooLarge) {
		err = e.replyInstead(ctx, s, outcome.Body)
	}
	if isKind(err, ports.ErrTooLarge) {
		return e.fail(ctx, s, ports.NewResponseErrors(tooLarge))
	}
	if err != nil {
		return err
	}
	return e.reply(ctx, s.connection.Address, wire.CompleteFrame(string(s.ref.ID)))
}

// subscribe runs the Subscribe resolver and puts the subscription in place. A
// resolver that refuses costs no write.
func (e *Engine) subscribe(ctx context.Context, s *starting, request ports.Request, p *prepared) error {
	wanted, errs := e.resolveSubscription(ctx, s, p)
	if errs != nil {
		return e.fail(ctx, s, errs)
	}
	operation := e.operation(s)
	operation.Topics, operation.State = wanted.topics, s.connection.State
	var err error
	if operation.Request, err = encodeRequest(request); err != nil {
		return e.fail(ctx, s, ports.NewResponseErrors("variables must be a JSON object"))
	}
	if operation.Filters, err = wanted.filters.encode(); err != nil {
		return e.fail(ctx, s, ports.NewResponseErrors(err.Error()))
	}
	if proceed, err := e.place(ctx, s, operation); !proceed {
		return err
	}
	e.documents.keepRequest(operation.Request, p)
	if wanted.initial == nil {
		return nil
	}
	return e.sendInitial(ctx, s, p, wanted.initial)
}

// resolveSubscription runs the Subscribe resolver of the operation's one field.
func (e *Engine) resolveSubscription(ctx context.Context, s *starting, p *prepared) (*subscription, ports.ResponseErrors) {
	x := s.execution()
	x.subscription = &subscription{}
	prepared, err := e.newContext(withExecution(ctx, x))
	if err != nil {
		e.report(ctx, "running a Subscribe resolver", err)
		return nil, ports.NewResponseErrors(internalError)
	}
	if errs := p.bound.Subscribe(prepared, e.public); errs != nil {
		return nil, errs
	}
	switch topics := len(x.subscription.topics); {
	case topics == 0:
		return nil, ports.NewResponseErrors(errNoTopic.Error())
	case topics > e.config.MaxTopics:
		return nil, ports.NewResponseErrors(fmt.Sprintf("a subscription may have at most %d topics", e.config.MaxTopics))
	}
	return x.subscription, nil
}

// sendInitial sends the first result, made after the subscription is in place.
func (e *Engine) sendInitial(ctx context.Context, s *starting, p *prepared, initial func(context.Context) (any, error)) error {
	payload, err := e.initialPayload(ctx, s, initial)
	if errors.Is(err, ErrSkip) {
		return nil
	}
	if err != nil {
		public := e.public(withExecution(ctx, s.execution()), err)
		return e.endWithErrors(ctx, s, ports.ResponseErrors{{Message: public.Message, Extensions: public.Extensions}})
	}
	x := s.execution()
	x.event = &ports.Event{Kind: ports.EventData, Payload: payload, Time: e.config.Now()}
	outcome := e.execute(ctx, x, p, decodePayload(payload))
	switch {
	case outcome.Skip:
		return nil
	case outcome.Rejected != nil:
		return e.endWithErrors(ctx, s, outcome.Rejected)
	}
	err = e.reply(ctx, s.connection.Address, wire.NextFrame(s.connection.Protocol, string(s.ref.ID), outcome.Body))
	if isKind(err, ports.ErrTooLarge) {
		err = e.replyInstead(ctx, s, outcome.Body)
	}
	if isKind(err, ports.ErrTooLarge) {
		return e.endWithErrors(ctx, s, ports.NewResponseErrors(tooLarge))
	}
	return err
}

func (e *Engine) initialPayload(ctx context.Context, s *starting, initial func(context.Context) (any, error)) (_ []byte, err error) {
	defer guard(&err)
	value, err := initial(withExecution(ctx, s.execution()))
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("the initial result is not JSON: %w", err)
	}
	return payload, nil
}

// place adds the operation. False with a nil error means that the client has
// been answered, or needs no answer.
func (e *Engine) place(ctx context.Context, s *starting, operation ports.Operation) (proceed bool, err error) {
	err = e.add(ctx, s, operation)
	switch {
	case err == nil:
		e.observed.count(ctx, ports.Counts{Operations: 1})
		return true, nil
	case isKind(err, ports.ErrCancelled):
		return false, e.cancelled(ctx, s)
	case isKind(err, ports.ErrConflict):
		return false, e.closeConnection(ctx, s.connection.Address, closeDuplicate,
			"Subscriber for "+string(s.ref.ID)+" already exists")
	case isKind(err, ports.ErrNotFound), errors.Is(err, errSuperseded): // nobody waits for it any more
		return false, nil
	case isKind(err, ports.ErrTooMany):
		return false, e.fail(ctx, s, ports.NewResponseErrors(fmt.Sprintf("a connection may have at most %d operations", e.config.MaxOperations)))
	case isKind(err, ports.ErrTooLarge):
		return false, e.fail(ctx, s, ports.NewResponseErrors("the operation is too large to be kept"))
	}
	e.report(ctx, "adding an operation", err, connectionAttr(s.ref.Connection))
	// It may be in place all the same, and behind its error nothing may come.
	if _, err := e.end(ctx, s.ref, s.receivedAt, CompletedByError); err != nil {
		return false, err
	}
	return false, e.fail(ctx, s, ports.NewResponseErrors(internalError))
}

// cancelled: the client's complete overtook its subscribe and asks for no
// answer; a legacy stop does (GQL_STOP in the legacy PROTOCOL.md).
func (e *Engine) cancelled(ctx context.Context, s *starting) error {
	if s.connection.Protocol != wire.Legacy {
		return nil
	}
	return e.reply(ctx, s.connection.Address, wire.CompleteFrame(string(s.ref.ID)))
}

// add puts the operation in place. An ID in use is not at once a conflict: the
// legacy protocol stops the old operation, as its reference does, and in the
// modern one a complete may be on its way that this subscribe has overtaken.
func (e *Engine) add(ctx context.Context, s *starting, operation ports.Operation) error {
	const first, most = 5 * time.Millisecond, 100 * time.Millisecond
	patience, cancel := context.WithTimeout(ctx, e.config.ReorderWindow)
	defer cancel()
	for backoff := first; ; backoff = min(2*backoff, most) {
		err := e.config.Subscriptions.AddOperation(ctx, operation)
		switch {
		case !isKind(err, ports.ErrConflict):
			return err
		case s.connection.Protocol == wire.Legacy:
			return e.replace(ctx, s, operation)
		case wait(patience, backoff) != nil:
			return err
		}
	}
}

// errSuperseded: a later start of the same ID was handled first.
var errSuperseded = errors.New("core: superseded")

// replace stops the operation that has the ID and was received before.
func (e *Engine) replace(ctx context.Context, s *starting, operation ports.Operation) error {
	// Just before this one: the tombstone must not cancel it.
	if _, err := e.end(ctx, s.ref, s.receivedAt.Add(-1), CompletedByClient); err != nil {
		return err
	}
	err := e.config.Subscriptions.AddOperation(ctx, operation)
	if isKind(err, ports.ErrConflict) { // with one that was received later
		return errSuperseded
	}
	return err
}

// end removes an operation and runs OnComplete, if it was still there.
func (e *Engine) end(ctx context.Context, ref ports.OperationRef, receivedAt time.Time, reason CompletionReason) (bool, error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	removed, err := e.config.Subscriptions.RemoveOperation(ctx, ref, receivedAt)
	if removed {
		e.observed.count(ctx, ports.Counts{Operations: -1})
		e.callOnComplete(ctx, ref, reason)
	}
	return removed, err
}

// endWithErrors ends an operation that is in place with an error message.
func (e *Engine) endWithErrors(ctx context.Context, s *starting, errs ports.ResponseErrors) error {
	ended, err := e.end(ctx, s.ref, s.receivedAt, CompletedByError)
	if err != nil || !ended {
		return err
	}
	return e.fail(ctx, s, errs)
}

// fail tells the client that its operation came to nothing. The operation is not
// in place, and nothing more is sent for its ID.
func (e *Engine) fail(ctx context.Context, s *starting, errs ports.ResponseErrors) error {
	return e.reply(ctx, s.connection.Address, errorFrame(s.connection.Protocol, string(s.ref.ID), errs))
}

// tooLarge is what a client reads in place of a result that its transport cannot
// carry.
const tooLarge = "the result is too large to be sent"

// replyInstead sends what OnTooLarge has in place of a result. ErrTooLarge: it
// has nothing, or nothing smaller.
func (e *Engine) replyInstead(ctx context.Context, s *starting, body []byte) error {
	instead, ok := e.callOnTooLarge(withExecution(ctx, s.execution()), s.ref, body)
	if !ok {
		return &ports.Error{Op: "core.Push", Kind: ports.ErrTooLarge}
	}
	return e.reply(ctx, s.connection.Address, wire.NextFrame(s.connection.Protocol, string(s.ref.ID), instead))
}

// refusalErrors is what the client may read of a hook's error.
func (e *Engine) refusalErrors(ctx context.Context, doing string, err error) ports.ResponseErrors {
	if refused, ok := refusal(err); ok {
		return ports.NewResponseErrors(refused.Reason)
	}
	e.report(ctx, doing, err)
	return ports.NewResponseErrors(internalError)
}

// stop handles complete, and its legacy name stop, which wants an answer.
func (e *Engine) stop(ctx context.Context, message ports.Message, id, protocol string) error {
	ref := ports.OperationRef{Connection: message.Address.ID, ID: ports.OperationID(id)}
	ended, err := e.end(ctx, ref, message.ReceivedAt, CompletedByClient)
	if err != nil || !ended || protocol != wire.Legacy {
		return err
	}
	return e.reply(ctx, message.Address, wire.CompleteFrame(id))
}
