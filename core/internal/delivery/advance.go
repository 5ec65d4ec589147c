package delivery

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// advance goes on until everything is pushed, the socket is gone, the time is up, or
// a push is not accepted.
func (f *fanout) advance(ctx context.Context, p *progress, send sending) outcome {
	defer func() { f.counts.pushed.Add(int64(p.pushed)); p.pushed = 0 }()
	for ; p.event < min(p.end, f.count()); p.event, p.member = p.event+1, 0 {
		for ; p.member < len(p.run); p.member++ {
			to := &p.run[p.member]
			if to.ended || !f.addressed(&f.events[p.event], to.Subscriber) {
				continue
			}
			result, err := f.pushOne(ctx, p.event, to, send)
			switch result {
			case reached:
				p.pushed++
			case operationEnded:
				to.ended = true
			case socketGone:
				f.forget(ctx, p.run)
				return socketGone
			case connectionEnded, stuck, lost, abandoned:
				p.err = err
				return result
			}
		}
	}
	return goesOn
}

// pushOne sends one event to one subscriber. The error is that of a push that was
// not accepted.
func (f *fanout) pushOne(ctx context.Context, index int, to *member, send sending) (outcome, error) {
	if err := ctx.Err(); err != nil {
		return abandoned, err
	}
	if f.hasEnded(to) {
		return operationEnded, nil // before it costs an execution
	}
	if f.events[index].Kind == ports.EventComplete {
		return f.complete(ctx, to, send)
	}
	result := f.result(ctx, index, to)
	switch {
	case result.Skip:
		return goesOn, nil
	case result.Rejected != nil:
		return f.fail(ctx, to, result.Rejected, send)
	}
	err := f.Peers.Result(ctx, f.operation(to), result.Body, send.event)
	if errors.Is(err, ports.ErrTooLarge) {
		err = f.Peers.ResultInstead(ctx, f.operation(to), f.execution(index, to.Subscriber), result.Body, send.event)
	}
	if errors.Is(err, ports.ErrTooLarge) {
		return f.fail(ctx, to, peer.TooLarge(), send)
	}
	return outcomeOf(ctx, err)
}

// addressed reports whether an event is for the subscriber. The end of a topic is not
// for one who came after it; but who goes on before it, from the history, meets it.
func (f *fanout) addressed(event *ports.Event, to *ports.Subscriber) bool {
	id := to.Ref.Connection
	switch {
	case len(event.Only) > 0 && !slices.Contains(event.Only, id):
		return false
	case event.Kind == ports.EventComplete && !f.caughtUp && f.cameAfter(event, to):
		return false
	}
	return !slices.Contains(event.Except, id)
}

// clockMargin is how far the clocks of publishers and gateways may be apart.
const clockMargin = time.Second

// cameAfter reports whether a subscriber came after an event was published, as far as
// their clocks tell. A time of receipt that is still to come tells nothing.
func (f *fanout) cameAfter(event *ports.Event, to *ports.Subscriber) bool {
	return !event.Time.IsZero() && to.ReceivedAt.After(event.Time.Add(clockMargin)) && !to.ReceivedAt.After(f.Now())
}
