package delivery

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// turn is the delivery of one batch.
type turn struct {
	*Deliverer

	topic ports.Topic
	// epoch is that of the topic's history, if it has the events.
	epoch  string
	events []ports.Event
	// listedAll: all pages have been pushed, from the first on.
	listedAll bool
	// began is when the delivery did, of all batches.
	began time.Time
	// endings are those since before the subscribers were listed.
	endings *peer.Endings
	// event is how long one event to a page has taken.
	event time.Duration
}

// hasTime reports whether there is so much time to push.
func (t *turn) hasTime(ctx context.Context, needed time.Duration) bool {
	left, bounded := t.timeLeft(ctx, t.began)
	return ctx.Err() == nil && (!bounded || left > 0 && left >= needed)
}

func (d *Deliverer) list(ctx context.Context, topic ports.Topic, after ports.Cursor) (ports.Page, error) {
	return d.Store.ListSubscribers(ctx, topic, ports.PageRequest{After: after, Limit: d.PageSize})
}

// prefetch reads a page while the caller does something else. The function that
// it returns waits for the page and must be called.
func (d *Deliverer) prefetch(ctx context.Context, topic ports.Topic, after ports.Cursor) func() (ports.Page, error) {
	var page ports.Page
	var err error
	var done sync.WaitGroup
	done.Go(func() { page, err = d.list(ctx, topic, after) })
	return func() (ports.Page, error) {
		done.Wait()
		return page, err
	}
}

// keeps reports whether the topic's history has the event.
func (d *Deliverer) keeps(event *ports.Event) bool {
	return d.History != nil && !event.Keep.None() && event.Position != ""
}

// keep appends what the topic's history keeps of the events.
func (t *turn) keep(ctx context.Context) (err error) {
	var kept []ports.Event
	for i := range t.events {
		if t.keeps(&t.events[i]) {
			kept = append(kept, t.events[i])
		}
	}
	if len(kept) > 0 {
		t.epoch, err = t.History.Append(ctx, t.topic, kept...)
	}
	return err
}

// mark is where an event is in the topic's history.
func (t *turn) mark(event *ports.Event) ports.Mark {
	if !t.keeps(event) {
		return ports.Mark{Position: cmp.Or(event.Position, "unknown")} // which no history reads
	}
	return ports.Mark{Epoch: t.epoch, Position: event.Position}
}
