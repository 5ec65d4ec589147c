package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// Connect decides about a handshake; core.Engine.Connect has the contract.
func (h *Handler) Connect(ctx context.Context, handshake ports.Handshake) (ports.Accepted, error) {
	ctx, end := h.Observation.Begin(ctx, ports.Step{Name: ports.StepConnect, Connection: handshake.Address.ID})
	accepted, err := h.connect(ctx, handshake)
	end(err)
	return accepted, err
}

func (h *Handler) connect(ctx context.Context, handshake ports.Handshake) (ports.Accepted, error) {
	dialect, spelling, ok := wire.Select(handshake.Protocols)
	if handshake.Callback {
		dialect, spelling = wire.Callback{}, wire.Callback{}.Name()
	} else if !ok {
		return ports.Accepted{}, &ports.Refusal{Status: 400, Code: ports.CloseSubprotocol,
			Reason: "Subprotocol not acceptable: offer " + strings.Join(wire.Names(), " or ")}
	}
	session, err := h.Calls.Connect(ctx, handshake)
	if err != nil {
		if refused, ok := hooks.Refusal(err); ok {
			return ports.Accepted{}, &refused
		}
		h.Calls.Report(ctx, "OnConnect hook", err)
		return ports.Accepted{}, fmt.Errorf("OnConnect hook: %w", err)
	}
	state, err := marshalState(session.State)
	if err == nil {
		err = identity.Check(session.Identity)
	}
	if err != nil {
		return ports.Accepted{}, fmt.Errorf("OnConnect hook: %w", err)
	}
	err = h.create(ctx, ports.Connection{
		Address:   handshake.Address,
		Protocol:  dialect.Name(),
		State:     state,
		Identity:  session.Identity,
		NotAfter:  session.NotAfter,
		ExpiresAt: h.since(handshake).Add(h.ConnectionTTL),
	})
	if err != nil {
		return ports.Accepted{}, err
	}
	h.Observation.Count(ctx, ports.Counts{Connections: 1})
	return ports.Accepted{Protocol: spelling, Identity: session.Identity}, nil
}

// create adds the connection's row. If the store leaves open whether the row is
// there, the row is removed: a client that was not accepted says nothing that
// would end it, and it would stay until it expires. That needs time of the
// caller's, too: of what there is until the deadline, the store has three
// quarters.
func (h *Handler) create(ctx context.Context, connection ports.Connection) error {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		if left := deadline.Sub(h.Now()); left > 0 { // or the clock is not the deadline's
			limited, cancel = context.WithTimeout(ctx, left*3/4)
		}
	}
	defer cancel()
	err := h.Store.CreateConnection(limited, connection)
	failed, ok := errors.AsType[*ports.Error](err)
	if err == nil || ok && failed.Kind != nil {
		return err
	}
	detached, cancel := peer.Detached(ctx)
	defer cancel()
	_, removing := h.Store.DeleteConnection(detached, connection.Address.ID)
	return errors.Join(err, removing)
}

// since is when a connection's life began: the same for a handshake that is
// handed over again, so that the store knows the repetition.
func (h *Handler) since(handshake ports.Handshake) time.Time {
	if handshake.ReceivedAt.IsZero() {
		return h.Now()
	}
	return handshake.ReceivedAt
}
