package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// pendingInits are the connections whose connection_init this process is
// deciding. It spares a second init its hook, a legacy start the polling, and a
// connection in the middle of its init the timeout. Another process knows
// nothing of it; between processes the store decides.
type pendingInits struct {
	mu      *sync.Mutex
	verdict map[ports.ConnectionID]chan struct{}
}

func newPendingInits() pendingInits {
	return pendingInits{&sync.Mutex{}, map[ports.ConnectionID]chan struct{}{}}
}

// begin reports false if one is being decided already.
func (p pendingInits) begin(id ports.ConnectionID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.verdict[id]; ok {
		return false
	}
	p.verdict[id] = make(chan struct{})
	return true
}

func (p pendingInits) end(id ports.ConnectionID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.verdict[id])
	delete(p.verdict, id)
}

// pending returns the channel that closes with the verdict; nil if there is
// nothing to wait for.
func (p pendingInits) pending(id ports.ConnectionID) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.verdict[id]
}

// initialize handles connection_init.
func (e *Engine) initialize(ctx context.Context, message ports.Message, payload json.RawMessage) error {
	if !e.pending.begin(message.Address.ID) {
		return e.secondInit(ctx, message.Address)
	}
	defer e.pending.end(message.Address.ID)
	init, ack, err := e.decideInit(ctx, message, payload)
	if err != nil {
		return e.refuseInit(ctx, message.Address, err)
	}
	connection, err := e.config.Connections.InitConnection(ctx, message.Address.ID, init)
	switch {
	case isKind(err, ports.ErrConflict):
		return e.secondInit(ctx, message.Address)
	case isKind(err, ports.ErrNotFound):
		return ignoreUnknown(e.unknown(ctx, message.Address))
	case err != nil:
		return err
	}
	err = e.admit(ctx, connection, message.ReceivedAt)
	if refused, ok := refusal(err); ok {
		return e.turnAway(ctx, connection, refused)
	}
	if err != nil {
		return err
	}
	return e.reply(ctx, connection.Address, wire.AckFrame(ack))
}

// decideInit asks OnInit, where there is one.
func (e *Engine) decideInit(ctx context.Context, message ports.Message, payload json.RawMessage) (ports.Init, json.RawMessage, error) {
	init := ports.Init{RequestID: message.RequestID}
	if e.config.Hooks.OnInit == nil {
		return init, nil, nil
	}
	known := &identity{id: message.Address.ID}
	if e.config.Hooks.OnConnect != nil { // else nothing was kept that the hook could read
		connection, err := e.connection(ctx, message.Address)
		if err != nil {
			return init, nil, err
		}
		if connection.Initialized {
			return init, nil, nil // a second one, or a retry: the store tells them apart
		}
		known.state = connection.State
	}
	session, err := e.callOnInit(withExecution(ctx, &execution{connection: known}), payload)
	if err != nil {
		return init, nil, fmt.Errorf("OnInit hook: %w", err)
	}
	if init.State, err = marshalState(session.State); err != nil {
		return init, nil, fmt.Errorf("OnInit hook: %w", err)
	}
	if err := checkIdentity(session.Identity); err != nil {
		return init, nil, fmt.Errorf("OnInit hook: %w", err)
	}
	init.Identity, init.NotAfter = session.Identity, session.NotAfter
	ack, err := marshalState(session.Ack)
	if err == nil && ack != nil && ack[0] != '{' {
		err = errors.New("OnInit hook: Session.Ack is not a JSON object")
	}
	return init, ack, err
}

// refuseInit tells the client no: with the reason, if that is what the hook
// wanted, and otherwise as a failure that may pass.
func (e *Engine) refuseInit(ctx context.Context, address ports.Address, cause error) error {
	if errors.Is(cause, errUnknownConnection) {
		return nil
	}
	connection, err := e.connection(ctx, address)
	if err != nil {
		return ignoreUnknown(err)
	}
	if connection.Initialized { // the hook has been asked about a second one
		return e.answerSecondInit(ctx, connection)
	}
	refused, ok := refusal(cause)
	if !ok {
		e.report(ctx, "connection_init", cause, connectionAttr(address.ID))
		refused = ports.Refusal{Code: closeTryAgainLater, Reason: "Try again later"}
	}
	return e.turnAway(ctx, connection, refused)
}

// turnAway is the no to a connection_init.
func (e *Engine) turnAway(ctx context.Context, connection ports.Connection, refused ports.Refusal) error {
	if connection.Protocol == wire.Legacy {
		if err := e.reply(ctx, connection.Address, wire.ConnectionErrorFrame(refused.Reason)); err != nil {
			return err
		}
	}
	return e.closeConnection(ctx, connection.Address, refused.Code, refused.Reason)
}

// secondInit: PROTOCOL.md of graphql-ws, ConnectionInit. The legacy protocol
// says nothing of a second one.
func (e *Engine) secondInit(ctx context.Context, address ports.Address) error {
	connection, err := e.connection(ctx, address)
	if err != nil {
		return ignoreUnknown(err)
	}
	return e.answerSecondInit(ctx, connection)
}

func (e *Engine) answerSecondInit(ctx context.Context, connection ports.Connection) error {
	if connection.Protocol == wire.Legacy {
		return nil
	}
	return e.closeConnection(ctx, connection.Address, closeTooManyInits, "Too many initialisation requests")
}

// ExpireInit closes a connection from which no connection_init has come (4408).
// A transport with a timer calls it once its init timeout has passed.
func (e *Engine) ExpireInit(ctx context.Context, address ports.Address) error {
	ctx = e.withPublisher(ctx)
	if e.pending.pending(address.ID) != nil {
		return nil
	}
	connection, err := e.config.Connections.GetConnection(ctx, address.ID)
	if isKind(err, ports.ErrNotFound) || err == nil && connection.Initialized {
		return nil
	}
	if err != nil {
		return err
	}
	return e.closeConnection(ctx, address, closeInitTimeout, "Connection initialisation timeout")
}

// awaitInit is for a legacy start, which its client sends behind connection_init
// without waiting for the verdict. It returns the connection as it is once it is
// initialized, or when the init timeout has passed.
func (e *Engine) awaitInit(ctx context.Context, connection ports.Connection) (ports.Connection, error) {
	const first, most = 5 * time.Millisecond, 200 * time.Millisecond
	patience, cancel := context.WithTimeout(ctx, e.config.InitTimeout)
	defer cancel()
	for backoff := first; !connection.Initialized; backoff = min(2*backoff, most) {
		if err := e.awaitVerdict(patience, connection.Address.ID, backoff); err != nil {
			return connection, ctx.Err() // nil when only the patience ended
		}
		var err error
		if connection, err = e.config.Connections.GetConnection(ctx, connection.Address.ID); err != nil {
			if isKind(err, ports.ErrNotFound) { // refused, and already told so
				return connection, errUnknownConnection
			}
			return connection, err
		}
	}
	return connection, nil
}

// awaitVerdict waits for the verdict of this process, or a while for another's.
func (e *Engine) awaitVerdict(ctx context.Context, id ports.ConnectionID, backoff time.Duration) error {
	verdict := e.pending.pending(id)
	if verdict == nil {
		return wait(ctx, backoff)
	}
	select {
	case <-verdict:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
