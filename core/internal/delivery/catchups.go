package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// Attempts to catch up grow apart, by what a delivery waits for at most, because the
// topic's other events wait as well. That goes on for as long as the subscriber's row
// lives: a transport that is away comes back some time.
const firstCatchUpWait, mostCatchUpWait = 25 * time.Millisecond, 250 * time.Millisecond

// catchUpBudget is how long subscribers may take who were not reached so often. The
// first few times it grows, so that a slow client gets further; then it is short.
func catchUpBudget(attempt int) time.Duration {
	if attempt > 2 {
		return 250 * time.Millisecond
	}
	return 500 * time.Millisecond << attempt
}

// catchUps has the subscribers that the events name catch up, all at the same time;
// nobody is listed for it. Either all of the events are done with, or none.
func (t *turn) catchUps(ctx context.Context, events []ports.Event) (done int, err error) {
	named, due := t.named(ctx, events)
	if len(named) == 0 {
		return len(events), nil
	}
	wait := due.Sub(t.Now())
	if left, bounded := t.timeLeft(ctx, t.began); bounded {
		wait = min(wait, left/2)
	}
	if wait > 0 && peer.Wait(ctx, wait) != nil || t.outOfTime(ctx, t.began) {
		return 0, errUnfinished
	}
	rows, budget, err := t.behind(ctx, named)
	if err != nil {
		return 0, err
	}
	rest, err := newCatching(t, t.once, budget).all(ctx, rows)
	switch {
	case err != nil:
		return 0, err
	case len(rest) == 0:
		return len(events), nil
	case cut(ctx) != nil:
		return 0, cut(ctx)
	}
	for i := range rest {
		if rest[i].from == rest[i].Place.From {
			rest[i].attempt = named[rest[i].Ref].Attempt + 1
		}
	}
	ctx, stop := peer.Detached(ctx)
	defer stop()
	if err := t.putBehind(ctx, t.topic, rest); err != nil {
		return 0, err
	}
	return len(events), nil
}

// named are the subscribers that events name, each with its highest version, and due is
// when the first of them is.
func (t *turn) named(ctx context.Context, events []ports.Event) (named map[ports.OperationRef]catchUpRow, due time.Time) {
	named = map[ports.OperationRef]catchUpRow{}
	for i := range events {
		var order catchUpOrder
		if err := json.Unmarshal(events[i].Payload, &order); err != nil {
			// Of a publisher other than this engine's; delivering it again would not help.
			t.Calls.Report(ctx, "reading who is to catch up", err)
			continue
		}
		for _, row := range order.Rows {
			ref := ports.OperationRef{Connection: row.Connection, ID: ports.OperationID(row.Operation)}
			if former, ok := named[ref]; !ok || former.Version <= row.Version {
				named[ref] = row
			}
			at := events[i].Time
			if row.Attempt > 0 {
				at = at.Add(min(firstCatchUpWait<<min(row.Attempt, 10), mostCatchUpWait))
			}
			if due.IsZero() || at.Before(due) {
				due = at
			}
		}
	}
	return named, due
}

// behind reads who of the named is still to catch up, and how long they may take.
func (t *turn) behind(ctx context.Context, named map[ports.OperationRef]catchUpRow) ([]ports.Subscriber, time.Duration, error) {
	all := collection[ports.Subscriber]{}
	peer.InParallel(t.PushConcurrency, slices.Collect(maps.Keys(named)), func(ref ports.OperationRef) {
		now, err := t.Store.GetSubscriber(ctx, t.topic, ref)
		switch {
		case errors.Is(err, ports.ErrNotFound):
		case err != nil:
			all.fail(err)
		case !now.Place.Live() && now.Place.Version <= named[ref].Version:
			all.add(now)
		}
	})
	var budget time.Duration
	for _, row := range all.items {
		budget = max(budget, catchUpBudget(named[row.Ref].Attempt))
	}
	return all.items, budget, all.err
}
