package session

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// beginning is where a subscription begins in its topics.
type beginning struct {
	// start are the positions from which on the client lacks nothing, for a client that
	// resumes by itself.
	start []string
	asked bool
	// from is where a resumed subscription goes on. Gap: events are missing before.
	from         map[ports.Topic]ports.Mark
	resumed, gap bool
	// repeated: the message was handed over before, and the subscription was in place
	// already when start was read.
	repeated bool
}

// errNoHistory is reported once.
var errNoHistory = errors.New("core.Config.History is not set, so nothing is kept")

// beginning finds out where a subscription begins, before it is placed: what comes
// meanwhile then counts as missing rather than as received.
func (s *starting) beginning(ctx context.Context, wanted *run.Subscription, asked bool) (*beginning, error) {
	b := &beginning{asked: asked, resumed: len(wanted.Resume) > 0}
	if s.History == nil && len(wanted.Keep) > 0 {
		s.noHistory.Do(func() { s.Calls.Report(ctx, "subscribing to a topic that keeps events", errNoHistory) })
	}
	if b.resumed {
		b.from, b.gap = s.resumeAt(wanted)
	}
	if wanted.Initial != nil {
		if err := s.lookForGap(ctx, b); err != nil {
			return nil, err
		}
	}
	if !asked || b.resumed && !b.gap {
		return b, nil
	}
	return b, s.readStart(ctx, wanted, b)
}

// lookForGap is for a subscription whose initial result takes the place of what is
// missing: it then begins as a fresh one.
func (s *starting) lookForGap(ctx context.Context, b *beginning) error {
	for topic, from := range b.from {
		_, _, err := s.History.Read(ctx, topic, from, 1)
		switch {
		case errors.Is(err, ports.ErrGap):
			b.gap, b.from = true, nil
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

// resumeAt is where a client goes on. Gap: it has no position of a topic with a history,
// or the other way about.
func (s *starting) resumeAt(wanted *run.Subscription) (from map[ports.Topic]ports.Mark, gap bool) {
	from = map[ports.Topic]ports.Mark{}
	for _, topic := range wanted.Topics {
		mark, ok := wanted.Resume.At(topic)
		_, keeps := wanted.Keep[topic]
		switch {
		case ok && keeps && s.History != nil:
			from[topic] = mark.After()
		default:
			gap = true
		}
	}
	if gap || len(from) == 0 {
		return nil, true
	}
	return from, false
}

// readStart reads the positions from which on the client lacks nothing, if it is placed
// afterwards. Where it was placed before, because the message is handed over again, they
// may hide events that have not reached it.
func (s *starting) readStart(ctx context.Context, wanted *run.Subscription, b *beginning) error {
	b.start = []string{}
	for _, topic := range wanted.Topics {
		keep, ok := wanted.Keep[topic]
		if !ok || s.History == nil {
			continue
		}
		mark, err := s.History.Head(ctx, topic, keep)
		if err != nil {
			return err
		}
		b.start = append(b.start, run.Position(topic, mark))
	}
	if len(b.start) == 0 {
		return nil
	}
	placed, err := s.Store.GetSubscriber(ctx, wanted.Topics[0], s.Ref)
	if errors.Is(err, ports.ErrNotFound) {
		return nil
	}
	b.repeated = err == nil && placed.ReceivedAt.Equal(s.ReceivedAt)
	return err
}

// begin has a subscription that was just placed catch up. Proceed is false where it has
// ended.
func (s *starting) begin(ctx context.Context, b *beginning) (proceed bool, err error) {
	gap, err := s.catchUpAll(ctx, b)
	switch {
	case err != nil:
		return false, s.endFailed(ctx, err)
	case gap || b.repeated:
		return false, s.Peers.EndWithErrors(ctx, s.Operation, peer.Missed())
	}
	return true, nil
}

// endFailed ends a subscription that could not begin as it should.
func (s *starting) endFailed(ctx context.Context, cause error) error {
	s.Calls.Report(ctx, "catching up", cause, hooks.Connection(s.Ref.Connection))
	return s.Peers.EndWithErrors(ctx, s.Operation, ports.NewResponseErrors(hooks.InternalError))
}

// catchUpAll brings a resumed subscription up to the present in all of its topics.
func (s *starting) catchUpAll(ctx context.Context, b *beginning) (gap bool, err error) {
	for topic := range b.from {
		if gap, err = s.catchUp(ctx, topic); gap || err != nil {
			return gap, err
		}
	}
	return false, nil
}

// catchUp has half of the time that there is for the message; the bus does the rest.
func (s *starting) catchUp(ctx context.Context, topic ports.Topic) (gap bool, err error) {
	if deadline, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, deadline.Sub(s.Now())/2)
		defer cancel()
	}
	return s.Catcher.CatchUp(ctx, topic, s.Ref)
}

// sendStart gives a client that resumes by itself the positions where it begins: in a
// result without data, which such a client keeps for itself.
func (s *starting) sendStart(ctx context.Context, b *beginning) error {
	if !b.asked || len(b.start) == 0 && !b.gap {
		return nil
	}
	event := map[string]any{"start": b.start}
	if b.gap {
		event["recovered"] = false
	}
	body, err := json.Marshal(map[string]any{"data": nil, "extensions": map[string]any{"event": event}})
	if err != nil {
		return err
	}
	return s.Peers.ReplyFor(ctx, s.Operation, s.Dialect.Next(string(s.Ref.ID), body))
}
