package delivery

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/fanql/fanql/core/internal/observe"
	"github.com/fanql/fanql/ports"
)

// Deliver delivers events; core.Engine.Deliver has the contract.
func (d *Deliverer) Deliver(ctx context.Context, events []ports.Event) []error {
	verdicts := make([]error, len(events))
	failed := map[ports.Topic]error{}
	for i, batch := range batches(events) {
		topic := batch.events[0].Topic
		done, err := 0, failed[topic] // what comes after waits for what comes first
		switch {
		case err != nil:
		case i > 0 && d.outOfTime(ctx): // the topics before have used it up
			err = errUnfinished
		default:
			done, err = d.observedBatch(ctx, batch.events)
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
		case ports.EventData, ports.EventComplete:
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
		if event.Kind != ports.EventData {
			delete(open, event.Topic)
		}
	}
	return all
}

// observedBatch is deliverBatch, observed.
func (d *Deliverer) observedBatch(ctx context.Context, events []ports.Event) (done int, err error) {
	if d.Observation.Observer == nil {
		return d.deliverBatch(ctx, events)
	}
	ctx, end := d.Observation.Begin(ctx, ports.Step{
		Name: ports.StepDeliver, Topic: events[0].Topic, Events: len(events), Traces: observe.Traces(events),
	})
	done, err = d.deliverBatch(ctx, events)
	lags := make([]time.Duration, done)
	for i := range lags {
		lags[i] = max(d.Now().Sub(events[i].Time), 0)
	}
	d.Observation.Count(ctx, ports.Counts{Lags: lags})
	end(err)
	return done, err
}

// deliverBatch pushes a batch to every subscriber of its topic, and says how many
// of its events are done with; the error is about the others.
func (d *Deliverer) deliverBatch(ctx context.Context, events []ports.Event) (done int, err error) {
	if events[0].Kind == ports.EventDisconnect {
		if err := d.disconnect(ctx, events[0]); err != nil {
			return 0, err
		}
		return 1, nil
	}
	ending, stop := d.Peers.WatchEndings()
	defer stop()
	page, err := d.list(ctx, events[0].Topic, "")
	if err != nil {
		return 0, err
	}
	if page.Next == "" { // then no former delivery can have stopped half-way
		fan := newFanout(d, events, ending)
		fan.push(ctx, "", page.Subscribers)
		fan.finish(ctx)
		if err := cut(ctx); err != nil {
			return 0, err
		}
		return fan.verdict()
	}
	begun, cursor, err := d.resume(ctx, events)
	if err != nil {
		return 0, err
	}
	if begun > 0 {
		next := d.prefetch(ctx, events[0].Topic, cursor)
		if done, err := newFanout(d, events[:begun], ending).run(ctx, cursor, next); err != nil || begun == len(events) {
			return done, err
		}
		if page, err = d.list(ctx, events[0].Topic, ""); err != nil { // operations may have ended since
			return begun, err
		}
	}
	first := func() (ports.Page, error) { return page, nil }
	done, err = newFanout(d, events[begun:], ending).run(ctx, "", first)
	return begun + done, err
}

// cut is the error of a delivery that its caller has cancelled: a worker that has
// lost its lease, or must end. Whoever has the events now delivers them again, so
// nobody's subscription ends for it, and no checkpoint is left: what was pushed in
// the end may have been void.
func cut(ctx context.Context) error {
	if err := ctx.Err(); errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// run pushes all pages from the one on that next returns, which the cursor leads
// to, and says how many of the events are done with. If some are not, it leaves a
// checkpoint.
func (f *fanout) run(ctx context.Context, cursor ports.Cursor, next func() (ports.Page, error)) (done int, err error) {
	at, err := f.pages(ctx, cursor, next)
	f.finish(ctx)
	if cutErr := cut(ctx); cutErr != nil {
		return 0, cutErr
	}
	if err == nil {
		done, err = f.verdict()
	}
	if err == nil {
		return done, nil
	}
	if f.left != nil { // in whose page the delivery has to go on
		at = f.left.page.cursor
	}
	return done, f.stop(ctx, at, err)
}

// pages pushes page after page. The page after it is read while one is pushed, so
// that two pages are in memory whatever the number of subscribers. One page is
// pushed in any case, however little time there is: each delivery gets further. The
// cursor that it returns with an error leads to the first page that was not pushed.
func (f *fanout) pages(ctx context.Context, cursor ports.Cursor, next func() (ports.Page, error)) (ports.Cursor, error) {
	for {
		page, err := next()
		if err != nil {
			return cursor, err
		}
		if page.Next == "" {
			f.push(ctx, cursor, page.Subscribers)
			return "", nil
		}
		next = f.deliverer.prefetch(ctx, f.topic, page.Next)
		before := f.sums()
		f.push(ctx, cursor, page.Subscribers)
		cursor = page.Next
		if f.isAway(ctx, before) {
			_, _ = next()
			return cursor, f.left.err(true)
		}
		if f.deliverer.outOfTime(ctx) {
			_, _ = next()
			return cursor, errUnfinished
		}
	}
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
