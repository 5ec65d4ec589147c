package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// inits are the connections whose connection_init this process is
// deciding. It spares a second init its hook, a legacy start the polling, and a
// connection in the middle of its init the timeout. Another process knows
// nothing of it; between processes the store decides.
type inits struct {
	*connections
	mu       sync.Mutex
	deciding map[ports.ConnectionID]chan struct{}
}

func newInits(c *connections) *inits {
	return &inits{connections: c, deciding: map[ports.ConnectionID]chan struct{}{}}
}

// begin reports false if one is being decided already.
func (i *inits) begin(id ports.ConnectionID) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, ok := i.deciding[id]; ok {
		return false
	}
	i.deciding[id] = make(chan struct{})
	return true
}

func (i *inits) end(id ports.ConnectionID) {
	i.mu.Lock()
	defer i.mu.Unlock()
	close(i.deciding[id])
	delete(i.deciding, id)
}

// pending returns the channel that closes with the decision; nil if there is
// nothing to wait for.
func (i *inits) pending(id ports.ConnectionID) <-chan struct{} {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.deciding[id]
}

// handle handles connection_init.
func (i *inits) handle(ctx context.Context, t *taken) error {
	defer i.closeAtDeadline(ctx, t.message.Address)()
	message := t.message
	if !i.begin(message.Address.ID) {
		return i.second(ctx, message.Address)
	}
	defer i.end(message.Address.ID)
	init, ack, err := i.decide(ctx, message, t.decoded.Payload)
	if err != nil {
		return i.refuse(ctx, message.Address, err)
	}
	connection, err := i.Store.InitConnection(ctx, message.Address.ID, init)
	switch {
	case errors.Is(err, ports.ErrConflict):
		return i.second(ctx, message.Address)
	case errors.Is(err, ports.ErrNotFound):
		return ignoreUnknown(i.unknown(ctx, message.Address))
	case err != nil:
		return err
	}
	err = i.admit(ctx, connection, message.ReceivedAt)
	if refused, ok := hooks.Refusal(err); ok {
		return i.turnAway(ctx, connection, refused)
	}
	if err != nil {
		return err
	}
	i.lines.initialized(t)
	if message.Identified != nil {
		message.Identified(connection.Identity)
	}
	return i.acknowledge(ctx, connection, ack, message.KeptAlive)
}

// acknowledge sends connection_ack and, where the transport will send more of them,
// the legacy protocol's first sign of life (GQL_CONNECTION_KEEP_ALIVE).
func (i *inits) acknowledge(ctx context.Context, connection ports.Connection, ack json.RawMessage, keptAlive bool) error {
	if err := i.Peers.Reply(ctx, connection.Address, wire.AckFrame(ack)); err != nil {
		return err
	}
	if frame, ok := wire.Of(connection.Protocol).KeepAlive(); ok && keptAlive {
		return i.Peers.Reply(ctx, connection.Address, frame)
	}
	return nil
}

// decide asks OnInit, where there is one.
func (i *inits) decide(ctx context.Context, message ports.Message, payload json.RawMessage) (ports.Init, json.RawMessage, error) {
	init := ports.Init{RequestID: message.RequestID}
	if i.Calls.Hooks.OnInit == nil {
		return init, nil, nil
	}
	var state []byte
	if i.Calls.Hooks.OnConnect != nil { // else nothing was kept that the hook could read
		connection, err := i.read(ctx, message.Address)
		if err != nil {
			return init, nil, err
		}
		if connection.Initialized {
			return init, nil, nil // a second one, or a retry: the store tells them apart
		}
		state = connection.State
	}
	session, err := i.Calls.Init(run.With(ctx, &run.Execution{Caller: run.NewCaller(message.Address.ID, state)}), payload)
	if err != nil {
		return init, nil, fmt.Errorf("OnInit hook: %w", err)
	}
	if init.State, err = marshalState(session.State); err != nil {
		return init, nil, fmt.Errorf("OnInit hook: %w", err)
	}
	if err := identity.Check(session.Identity); err != nil {
		return init, nil, fmt.Errorf("OnInit hook: %w", err)
	}
	init.Identity, init.NotAfter = session.Identity, session.NotAfter
	ack, err := marshalState(session.Ack)
	if err == nil && ack != nil && ack[0] != '{' {
		err = errors.New("OnInit hook: Session.Ack is not a JSON object")
	}
	return init, ack, err
}

// refuse tells the client no: with the reason, if that is what the hook
// wanted, and otherwise as a failure that may pass.
func (i *inits) refuse(ctx context.Context, address ports.Address, cause error) error {
	if errors.Is(cause, errUnknownConnection) {
		return nil
	}
	connection, err := i.read(ctx, address)
	if err != nil {
		return ignoreUnknown(err)
	}
	if connection.Initialized { // the hook has been asked about a second one
		return i.answerSecond(ctx, connection)
	}
	refused, ok := hooks.Refusal(cause)
	if !ok {
		i.Calls.Report(ctx, "connection_init", cause, hooks.Connection(address.ID))
		refused = ports.Refusal{Code: ports.CloseTryAgainLater, Reason: "Try again later"}
	}
	return i.turnAway(ctx, connection, refused)
}

// turnAway is the no to a connection_init.
func (i *inits) turnAway(ctx context.Context, connection ports.Connection, refused ports.Refusal) error {
	return i.answer(ctx, connection.Address, wire.Of(connection.Protocol).Refused(refused.Code, refused.Reason))
}

func (i *inits) second(ctx context.Context, address ports.Address) error {
	connection, err := i.read(ctx, address)
	if err != nil {
		return ignoreUnknown(err)
	}
	return i.answerSecond(ctx, connection)
}

func (i *inits) answerSecond(ctx context.Context, connection ports.Connection) error {
	return i.answer(ctx, connection.Address, wire.Of(connection.Protocol).SecondInit())
}

// expire closes a connection from which no connection_init has come (4408).
func (i *inits) expire(ctx context.Context, address ports.Address) error {
	if i.pending(address.ID) != nil {
		return nil
	}
	connection, err := i.Store.GetConnection(ctx, address.ID)
	if errors.Is(err, ports.ErrNotFound) || err == nil && connection.Initialized {
		return nil
	}
	if err != nil {
		return err
	}
	return i.close(ctx, address, ports.CloseInitTimeout, "Connection initialisation timeout")
}

// await is for a legacy start, which its client sends right after connection_init
// without waiting for the decision. It returns the connection as it is once it is
// initialized, or when the init timeout has passed.
func (i *inits) await(ctx context.Context, connection ports.Connection) (ports.Connection, error) {
	const first, most = 5 * time.Millisecond, 200 * time.Millisecond
	patience, cancel := context.WithTimeout(ctx, i.InitTimeout)
	defer cancel()
	for backoff := first; !connection.Initialized; backoff = min(2*backoff, most) {
		if err := i.awaitDecision(patience, connection.Address.ID, backoff); err != nil {
			return connection, ctx.Err() // nil when only the patience ended
		}
		var err error
		if connection, err = i.Store.GetConnection(ctx, connection.Address.ID); err != nil {
			if errors.Is(err, ports.ErrNotFound) { // refused, and the client has the refusal
				return connection, errUnknownConnection
			}
			return connection, err
		}
	}
	return connection, nil
}

// awaitDecision waits for the decision of this process, or a while for another's.
func (i *inits) awaitDecision(ctx context.Context, id ports.ConnectionID, backoff time.Duration) error {
	decision := i.pending(id)
	if decision == nil {
		return peer.Wait(ctx, backoff)
	}
	select {
	case <-decision:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
