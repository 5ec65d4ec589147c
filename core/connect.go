package core

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// Connect decides about a handshake, and on a yes keeps the connection. The
// transport answers the handshake with Accepted.Protocol.
//
// The error is a *ports.Refusal with code 4406 when no subprotocol is offered
// that the engine speaks, another *ports.Refusal when OnConnect refused, and
// otherwise a failure of the hook or the store of which the client is told
// nothing. It may be repeated with the same handshake; OnConnect then runs again.
func (e *Engine) Connect(ctx context.Context, handshake ports.Handshake) (ports.Accepted, error) {
	ctx = e.withPublisher(ctx)
	ctx, end := e.observed.begin(ctx, ports.Step{Name: ports.StepConnect, Connection: handshake.Address.ID})
	accepted, err := e.connect(ctx, handshake)
	end(err)
	return accepted, err
}

func (e *Engine) connect(ctx context.Context, handshake ports.Handshake) (ports.Accepted, error) {
	protocol, spelling, ok := wire.Select(handshake.Protocols)
	if !ok {
		return ports.Accepted{}, &ports.Refusal{Status: 400, Code: closeSubprotocol,
			Reason: "Subprotocol not acceptable: offer " + wire.Modern + " or " + wire.Legacy}
	}
	session, err := e.callOnConnect(ctx, handshake)
	if err != nil {
		if refused, ok := refusal(err); ok {
			return ports.Accepted{}, &refused
		}
		e.report(ctx, "OnConnect hook", err)
		return ports.Accepted{}, fmt.Errorf("OnConnect hook: %w", err)
	}
	state, err := marshalState(session.State)
	if err == nil {
		err = checkIdentity(session.Identity)
	}
	if err != nil {
		return ports.Accepted{}, fmt.Errorf("OnConnect hook: %w", err)
	}
	err = e.config.Connections.CreateConnection(ctx, ports.Connection{
		Address:   handshake.Address,
		Protocol:  protocol,
		State:     state,
		Identity:  session.Identity,
		NotAfter:  session.NotAfter,
		ExpiresAt: e.since(handshake).Add(e.config.ConnectionTTL),
	})
	if err != nil {
		return ports.Accepted{}, err
	}
	e.observed.count(ctx, ports.Counts{Connections: 1})
	return ports.Accepted{Protocol: spelling}, nil
}

// since is when a connection's life began: the same for a handshake that is
// handed over again, so that the store knows the repetition.
func (e *Engine) since(handshake ports.Handshake) time.Time {
	if handshake.ReceivedAt.IsZero() {
		return e.config.Now()
	}
	return handshake.ReceivedAt
}

func marshalState(state any) ([]byte, error) {
	if state == nil {
		return nil, nil
	}
	encoded, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("the session's state is not JSON: %w", err)
	}
	return encoded, nil
}
