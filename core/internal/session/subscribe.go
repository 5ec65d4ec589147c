package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// subscribe runs the Subscribe resolver and puts the subscription in place. A
// resolver that refuses costs no write. It runs while the operation is being prepared.
func (h *Handler) subscribe(ctx, preparing context.Context, s *starting, request ports.Request, p *run.Prepared) error {
	resume, asked, err := run.ParseResume(request.Extensions, h.MaxTopics)
	if err != nil {
		return h.refuse(ctx, s, ports.NewResponseErrors(err.Error()))
	}
	wanted, errs := h.Runner.Subscribe(preparing, s.caller(), p, resume)
	if errs != nil {
		return h.refuse(ctx, s, errs)
	}
	row := h.row(s)
	row.Topics, row.State = h.tagged(wanted.Topics, s.Address), s.connection.State
	if row.Request, err = run.EncodeRequest(request); err != nil {
		return h.refuse(ctx, s, ports.NewResponseErrors("variables must be a JSON object"))
	}
	if row.Filters, err = wanted.Filters.Encode(); err != nil {
		return h.refuse(ctx, s, ports.NewResponseErrors(err.Error()))
	}
	b, err := h.beginning(ctx, s, wanted, asked)
	if err != nil {
		h.Calls.Report(ctx, "reading a history", err, hooks.Connection(s.Ref.Connection))
		return h.refuse(ctx, s, ports.NewResponseErrors(hooks.InternalError))
	}
	if b.gap && wanted.Initial == nil {
		return h.refuse(ctx, s, peer.Missed())
	}
	row.From = b.from
	if proceed, err := h.place(ctx, s, row); !proceed {
		return err
	}
	h.Runner.Keep(row.Request, p)
	if proceed, err := h.begin(ctx, s, b); !proceed {
		return err
	}
	if wanted.Initial != nil && (!b.resumed || b.gap) {
		if proceed, err := h.sendInitial(ctx, s, p, wanted.Initial, b.gap); !proceed {
			return err
		}
	}
	return h.sendStart(ctx, s, b) // last: who has it has the initial result
}

// tagged adds the topics by which the transport finds the connection again.
func (h *Handler) tagged(topics []ports.Topic, address ports.Address) []ports.Topic {
	tagger, ok := h.Peers.Pusher.(ports.Tagger)
	if !ok {
		return topics
	}
	return slices.Concat(topics, tagger.Tags(address))
}

// sendInitial sends the first result, made after the subscription is in place. Gap: it
// stands for events that were missed. Proceed is false where the subscription has ended.
func (h *Handler) sendInitial(ctx context.Context, s *starting, p *run.Prepared, initial func(context.Context) (any, error), gap bool) (proceed bool, err error) {
	payload, err := initialPayload(run.With(ctx, s.execution()), initial)
	switch {
	case isOverdue(ctx):
		return false, h.answerOverdue(ctx, s)
	case errors.Is(err, ports.ErrSkip):
		return true, nil
	case err != nil:
		public := h.Calls.Public(run.With(ctx, s.execution()), err)
		return false, h.Peers.EndWithErrors(ctx, s.Operation, ports.ResponseErrors{{Message: public.Message, Extensions: public.Extensions}})
	}
	x := s.execution()
	x.Gap = gap
	x.Event = &ports.Event{Kind: ports.EventData, Payload: payload, Time: h.Now()}
	result := h.Runner.Execute(ctx, x, p, run.DecodePayload(payload))
	switch {
	case isOverdue(ctx):
		return false, h.answerOverdue(ctx, s)
	case result.Skip:
		return true, nil
	case result.Rejected != nil:
		return false, h.Peers.EndWithErrors(ctx, s.Operation, result.Rejected)
	}
	err = h.reply(ctx, s, result.Body)
	if peer.Is(err, ports.ErrTooLarge) {
		return false, h.Peers.EndWithErrors(ctx, s.Operation, peer.TooLarge())
	}
	return err == nil, err
}

func initialPayload(ctx context.Context, initial func(context.Context) (any, error)) (_ []byte, err error) {
	defer ports.Recover(&err)
	value, err := initial(ctx)
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("the initial result is not JSON: %w", err)
	}
	return payload, nil
}
