package session

import (
	"context"

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
	if result.Rejected != nil {
		return s.Peers.Fail(ctx, s.Operation, result.Rejected)
	}
	err = s.reply(ctx, result.Body)
	if peer.Is(err, ports.ErrTooLarge) {
		return s.Peers.Fail(ctx, s.Operation, peer.TooLarge())
	}
	if err != nil {
		return err
	}
	return s.Peers.Reply(ctx, s.Address, wire.CompleteFrame(string(s.Ref.ID)))
}

// reply sends a result, or what OnTooLarge has in its place.
func (s *starting) reply(ctx context.Context, body []byte) error {
	err := s.Peers.Result(ctx, s.Operation, body, s.Peers.Reply)
	if !peer.Is(err, ports.ErrTooLarge) {
		return err
	}
	return s.Peers.ResultInstead(ctx, s.Operation, s.execution(), body, s.Peers.Reply)
}
