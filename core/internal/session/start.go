package session

import (
	"context"
	"errors"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// start handles subscribe, and its legacy name start.
func (h *Handler) start(ctx context.Context, connection ports.Connection, t *taken) error {
	dialect := wire.Of(connection.Protocol)
	if dialect.PipelinesInit() {
		h.lines.decide(t) // connection_init may come after it
		var err error
		if connection, err = h.inits.await(ctx, connection); err != nil {
			return ignoreUnknown(err)
		}
	}
	if !connection.Initialized || !dialect.PipelinesInit() && h.lines.isEarly(t) {
		return h.answer(ctx, connection.Address, dialect.TooEarly())
	}
	s := &starting{connections: h.connections, connection: connection, taken: t, Operation: peer.Operation{
		Ref:        ports.OperationRef{Connection: connection.Address.ID, ID: ports.OperationID(t.decoded.ID)},
		Address:    connection.Address,
		Dialect:    dialect,
		ReceivedAt: t.message.ReceivedAt,
		Endings:    h.Peers.Endings(),
	}}
	return s.start(ctx)
}

func (s *starting) start(ctx context.Context) error {
	if free, err := s.isFree(ctx); err != nil {
		return err
	} else if !free {
		return s.duplicate(ctx)
	}
	s.lines.decide(s.taken)
	defer s.limit(ctx)()
	preparing, cancel := context.WithCancel(ctx)
	defer cancel()
	if !s.lines.prepare(s.taken.hold, cancel) {
		return s.givenUp(ctx)
	}
	p, request, errs := s.prepare(preparing)
	switch {
	case errs != nil:
		return s.refuse(ctx, errs)
	case p.Kind() == ports.OperationMutation && s.taken.message.ReadOnly:
		return s.refuse(ctx, ports.NewResponseErrors(run.NeedsPost))
	case p.Kind() == ports.OperationSubscription:
		return s.subscribe(ctx, preparing, request, p)
	}
	return s.single(ctx, p)
}

// isFree reports whether an ID is free. It waits for an operation that holds it, and
// asks the store where an operation may have it that was put in place here. In the
// subprotocol where the later operation takes an ID, the earlier one has ended then.
func (s *starting) isFree(ctx context.Context) (bool, error) {
	free, err := s.awaitRival(ctx)
	if err != nil || !free || !s.taken.known {
		return free, err
	}
	inUse, err := s.isInPlace(ctx)
	return !inUse, err
}

// awaitRival is for an operation whose ID is held by one that was received earlier.
// Where messages come in their order, the ID is in use; where they do not, a complete
// that frees it may be on its way.
func (s *starting) awaitRival(ctx context.Context) (free bool, err error) {
	t := s.taken
	if t.rival == nil || t.line.lasting {
		return t.rival == nil, nil
	}
	patience, cancel := context.WithTimeout(ctx, s.ReorderWindow)
	defer cancel()
	for t.rival != nil {
		select {
		case <-t.rival.released:
			s.lines.holdAfter(t)
		case <-patience.Done():
			return false, ctx.Err()
		}
	}
	return true, nil
}

// isInPlace tries whether the store takes an operation of the ID. The one that it
// tries was received just before, so that its end does not cancel this one.
func (s *starting) isInPlace(ctx context.Context) (bool, error) {
	row := s.row()
	row.Limit, row.ReceivedAt = 0, s.ReceivedAt.Add(-2)
	err := s.add(ctx, row)
	switch {
	case err == nil:
		_, err = s.Store.RemoveOperation(ctx, s.Ref, s.ReceivedAt.Add(-1))
		return false, err
	case errors.Is(err, ports.ErrConflict):
		return true, nil
	case errors.Is(err, ports.ErrCancelled), errors.Is(err, ports.ErrNotFound), errors.Is(err, errSuperseded):
		return false, nil
	}
	return false, err
}

// prepare asks OnSubscribe and reads the document.
func (s *starting) prepare(ctx context.Context) (*run.Prepared, ports.Request, ports.ResponseErrors) {
	request, errs, err := s.Runner.Admit(ctx, s.execution(), s.taken.decoded.Request)
	if err != nil {
		errs = s.refusal(ctx, err)
	}
	if errs != nil {
		return nil, request, errs
	}
	s.begun.Store(true)
	p, errs := s.Runner.Prepare(ctx, request)
	return p, request, errs
}

// refusal is what the client may read of an error of OnSubscribe.
func (s *starting) refusal(ctx context.Context, err error) ports.ResponseErrors {
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		return ports.ResponseErrors{{Message: public.Message, Extensions: public.Extensions}}
	}
	s.Calls.Report(ctx, "OnSubscribe hook", err)
	return ports.NewResponseErrors(hooks.InternalError)
}
