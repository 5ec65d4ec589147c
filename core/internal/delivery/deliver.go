package delivery

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/fanql/fanql/core/internal/observe"
	"github.com/fanql/fanql/ports"
)

// Deliver delivers events; core.Engine.Deliver has the contract.
func (d *Deliverer) Deliver(ctx context.Context, events []ports.Event) []error {
	verdicts := make([]error, len(events))
	failed := map[ports.Topic]error{}
	began := d.Now()
	for i, batch := range batches(events) {
		topic := batch.events[0].Topic
		done, err := 0, failed[topic] // what comes after waits for what comes first
		switch {
		case err != nil:
		case i > 0 && d.outOfTime(ctx, began): // the topics before have used it up
			err = errUnfinished
		default:
			done, err = d.observedBatch(ctx, batch.events, began)
			if err != nil && !errors.Is(err, ports.ErrUnfinished) {
				d.Calls.Report(ctx, "delivering events", err)
			}
		}
		if err == nil {
			continue
		}
		failed[topic] = err
		for _, index := range batch.indexes[done:] {
			verdicts[index] = err
		}
	}
	return verdicts
}

// batch is a run of events that one listing of a topic serves.
type batch struct {
	events  []ports.Event
	indexes []int
}

// batches groups the events by topic, each in its order. An event that ends the
// subscriptions or the connections on its topic ends its batch too: what comes
// after it is only for those who subscribed afterwards, whom another listing
// finds. Events of unknown kinds are left out.
func batches(events []ports.Event) []*batch {
	var all []*batch
	open := map[ports.Topic]*batch{}
	for i, event := range events {
		switch event.Kind {
		case ports.EventData, ports.EventComplete, ports.EventCatchUp:
		case ports.EventDisconnect:
			delete(open, event.Topic) // is a batch by itself
		default:
			continue // of a later version; delivering it again would not help
		}
		current := open[event.Topic]
		if current == nil {
			current = &batch{}
			open[event.Topic] = current
			all = append(all, current)
		}
		current.events = append(current.events, event)
		current.indexes = append(current.indexes, i)
		if event.Kind == ports.EventComplete || event.Kind == ports.EventDisconnect {
			delete(open, event.Topic)
		}
	}
	return all
}

// observedBatch is deliverBatch, observed.
func (d *Deliverer) observedBatch(ctx context.Context, events []ports.Event, began time.Time) (done int, err error) {
	if d.Observation.Observer == nil {
		return d.deliverBatch(ctx, events, began)
	}
	ctx, end := d.Observation.Begin(ctx, ports.Step{
		Name: ports.StepDeliver, Topic: events[0].Topic, Events: len(events), Traces: observe.Traces(events),
	})
	done, err = d.deliverBatch(ctx, events, began)
	lags := make([]time.Duration, 0, done)
	for _, event := range events[:done] {
		if event.Kind != ports.EventCatchUp {
			lags = append(lags, max(d.Now().Sub(event.Time), 0))
		}
	}
	d.Observation.Count(ctx, ports.Counts{Lags: lags})
	end(err)
	return done, err
}

// deliverBatch pushes a batch to every subscriber of its topic, and says how many
// of its events are done with; the error is about the others.
func (d *Deliverer) deliverBatch(ctx context.Context, events []ports.Event, began time.Time) (done int, err error) {
	if events[0].Kind == ports.EventDisconnect {
		if err := d.disconnect(ctx, events[0], began); err != nil {
			return 0, err
		}
		return 1, nil
	}
	rest := withoutCatchUps(events)
	t := &turn{Deliverer: d, topic: events[0].Topic, events: rest, began: began, endings: d.Peers.Endings()}
	if len(rest) == 0 {
		return t.catchUps(ctx, events)
	}
	others, err := t.deliver(ctx)
	done = doneOf(events, others)
	if t.listedAll || done == 0 {
		return done, err
	}
	// A former delivery has listed the first pages, maybe before these were published.
	caughtUp, catchErr := t.catchUps(ctx, slices.DeleteFunc(slices.Clone(events[:done]), isNoCatchUp))
	if catchErr != nil {
		return doneWithCatchUps(events, caughtUp), catchErr
	}
	return done, err
}

// doneWithCatchUps is how many of the events come before the first catch-up that is not
// done with.
func doneWithCatchUps(events []ports.Event, done int) int {
	for i := range events {
		if isCatchUp(events[i]) {
			if done == 0 {
				return i
			}
			done--
		}
	}
	return len(events)
}

// withoutCatchUps are the other events of a batch: whoever is behind is listed with
// everybody else, and catches up as well.
func withoutCatchUps(events []ports.Event) []ports.Event {
	if !slices.ContainsFunc(events, isCatchUp) {
		return events
	}
	return slices.DeleteFunc(slices.Clone(events), isCatchUp)
}

func isCatchUp(event ports.Event) bool { return event.Kind == ports.EventCatchUp }

func isNoCatchUp(event ports.Event) bool { return !isCatchUp(event) }

// doneOf is how many of the events are done with when so many are that are no
// catch-ups. Those are done with the event before them.
func doneOf(events []ports.Event, others int) int {
	if others == 0 {
		return 0
	}
	for i := range events {
		if isCatchUp(events[i]) {
			continue
		}
		if others == 0 {
			return i
		}
		others--
	}
	return len(events)
}

// deliver begins with what a former delivery has left. The history has the events
// before anybody is listed: whoever comes later, or catches up meanwhile, finds them
// there.
func (t *turn) deliver(ctx context.Context) (done int, err error) {
	if err := t.keep(ctx); err != nil {
		return 0, err
	}
	page, err := t.list(ctx, t.topic, "")
	if err != nil || page.Next == "" { // then no former delivery can have stopped half-way
		return t.pass(ctx, 0, page, err)
	}
	done, begun, cursor, err := t.resume(ctx)
	switch {
	case err != nil:
		return 0, err
	case done == len(t.events):
		return done, nil
	case begun <= done:
		return t.pass(ctx, done, page, nil)
	}
	fan := newFanout(t, done, begun)
	fan.resumed = true
	count, err := fan.run(ctx, cursor, t.prefetch(ctx, fan.topic, cursor))
	return t.next(ctx, done+count, err)
}

// pass delivers the events that are not done with to all subscribers, of whom this is
// the first page: as many events as there is time for.
func (t *turn) pass(ctx context.Context, done int, page ports.Page, err error) (int, error) {
	if err != nil {
		return done, err
	}
	fan := newFanout(t, done, len(t.events))
	count, err := fan.run(ctx, "", func() (ports.Page, error) { return page, nil })
	t.listedAll = t.listedAll || err == nil && count > 0
	if done += count; err == nil && done < len(t.events) && page.Next == "" {
		return done, t.save(ctx, done, done, "", errUnfinished)
	}
	return t.next(ctx, done, err)
}

// next delivers what comes after the events that are done with. It lists anew:
// operations may have ended since.
func (t *turn) next(ctx context.Context, done int, err error) (int, error) {
	switch {
	case err != nil || done == len(t.events):
		return done, err
	case !t.hasTime(ctx, t.event):
		return done, t.save(ctx, done, done, "", errUnfinished)
	}
	page, err := t.list(ctx, t.topic, "")
	return t.pass(ctx, done, page, err)
}
