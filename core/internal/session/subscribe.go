package session

import (
	"context"
	"errors"
	"slices"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// subscribe runs the Subscribe resolver and puts the subscription in place. A
// resolver that refuses costs no write. It runs while the operation is being prepared.
func (s *starting) subscribe(ctx, preparing context.Context, request ports.Request, p *run.Prepared) error {
	resume, asked, err := run.ParseResume(request.Extensions, s.MaxTopics)
	if err != nil {
		return s.refuse(ctx, peer.CannotResume(err.Error()))
	}
	wanted, errs := s.Runner.Subscribe(preparing, s.caller(), p, resume)
	if errs != nil {
		return s.refuse(ctx, errs)
	}
	row := s.row()
	row.Topics, row.State = s.tagged(wanted.Topics, s.Address), s.connection.State
	if row.Request, err = run.EncodeRequest(request); err != nil {
		return s.refuse(ctx, ports.NewResponseErrors("variables must be a JSON object"))
	}
	if row.Filters, err = wanted.Filters.Encode(); err != nil {
		return s.refuse(ctx, ports.NewResponseErrors(err.Error()))
	}
	b, err := s.beginning(ctx, wanted, asked)
	if err != nil {
		s.Calls.Report(ctx, "reading a history", err, hooks.Connection(s.Ref.Connection))
		return s.refuse(ctx, ports.NewResponseErrors(hooks.InternalError))
	}
	if b.gap && wanted.Initial == nil {
		return s.refuse(ctx, peer.Missed())
	}
	row.From = b.from
	if proceed, err := s.place(ctx, row); !proceed {
		return err
	}
	s.Runner.Keep(row.Request, p)
	if proceed, err := s.begin(ctx, b); !proceed {
		return err
	}
	if wanted.Initial != nil && (!b.resumed || b.gap) {
		if proceed, err := s.sendInitial(ctx, p, wanted.Initial, b.gap); !proceed {
			return err
		}
	}
	return s.sendStart(ctx, b) // last: who has it has the initial result
}

// tagged adds the topics by which the transport finds the connection again.
func (s *starting) tagged(topics []ports.Topic, address ports.Address) []ports.Topic {
	tagger, ok := s.Peers.Pusher.(ports.Tagger)
	if !ok {
		return topics
	}
	return slices.Concat(topics, tagger.Tags(address))
}

// sendInitial sends the first result, made after the subscription is in place. Gap: it
// stands for events that were missed. Proceed is false where the subscription has ended.
func (s *starting) sendInitial(ctx context.Context, p *run.Prepared, initial func(context.Context) (any, error), gap bool) (proceed bool, err error) {
	prepared, err := s.Runner.Context(ctx, s.execution())
	switch {
	case isOverdue(ctx):
		return false, s.answerOverdue(ctx)
	case err != nil:
		s.Calls.Report(ctx, "running an Initial function", err)
		return false, s.Peers.EndWithErrors(ctx, s.Operation, ports.NewResponseErrors(hooks.InternalError))
	}
	payload, err := run.InitialPayload(prepared, initial)
	switch {
	case isOverdue(ctx):
		return false, s.answerOverdue(ctx)
	case errors.Is(err, ports.ErrSkip):
		return true, nil
	case err != nil:
		public := s.Calls.Public(prepared, err)
		return false, s.Peers.EndWithErrors(ctx, s.Operation, ports.ResponseErrors{{Message: public.Message, Extensions: public.Extensions}})
	}
	x := s.execution()
	x.Gap = gap
	x.Event = &ports.Event{Kind: ports.EventData, Payload: payload, Time: s.Now()}
	result := s.Runner.Execute(ctx, x, p, run.DecodePayload(payload))
	switch {
	case isOverdue(ctx):
		return false, s.answerOverdue(ctx)
	case result.Skip:
		return true, nil
	case result.Rejected != nil:
		return false, s.Peers.EndWithErrors(ctx, s.Operation, result.Rejected)
	}
	err = s.reply(ctx, s.Operation, result.Body)
	if errors.Is(err, ports.ErrTooLarge) {
		return false, s.Peers.EndWithErrors(ctx, s.Operation, peer.TooLarge())
	}
	return err == nil, err
}
