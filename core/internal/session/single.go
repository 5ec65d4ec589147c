package session

import (
	"context"
	"errors"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// single runs a query or a mutation. While it runs, its ID is taken, and a
// complete for it is noticed: then no result is sent (PROTOCOL.md, Complete).
func (s *starting) single(ctx context.Context, p *run.Prepared) error {
	if proceed, err := s.place(ctx, s.row()); !proceed {
		return err
	}
	result := s.Runner.Execute(ctx, s.execution(), p, nil)
	if isOverdue(ctx) {
		return s.answerOverdue(ctx)
	}
	reason := ports.CompletedByServer
	if result.Rejected != nil {
		reason = ports.CompletedByError
	}
	// The ID is free before the client receives the end, so that it may use it again
	// at once.
	s.lines.ended(s.taken)
	ended, err := s.Peers.End(ctx, s.Ref, s.ReceivedAt, reason)
	if err != nil || !ended {
		return err
	}
	removed := s.Removed()
	if result.Rejected != nil {
		return s.Peers.Fail(ctx, removed, result.Rejected)
	}
	err = s.reply(ctx, removed, result.Body)
	if errors.Is(err, ports.ErrTooLarge) {
		return s.Peers.Fail(ctx, removed, peer.TooLarge())
	}
	if err != nil {
		return err
	}
	return s.Peers.ReplyFor(ctx, removed, wire.CompleteFrame(string(s.Ref.ID)))
}

// reply sends a result, or what OnTooLarge has in its place.
func (s *starting) reply(ctx context.Context, o peer.Operation, body []byte) error {
	err := s.Peers.Result(ctx, o, body, s.Peers.ReplyFor)
	if !errors.Is(err, ports.ErrTooLarge) {
		return err
	}
	return s.Peers.ResultInstead(ctx, o, s.execution(), body, s.Peers.ReplyFor)
}
