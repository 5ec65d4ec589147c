package delivery

import (
	"cmp"
	"context"

	"github.com/fanql/fanql/ports"
)

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
