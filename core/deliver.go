package core

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// Deliver delivers events to the subscribers of their topics and returns one
// verdict per event: nil when the event is done with, an error when it has to be
// delivered again. It is a ports.DeliverFunc.
//
// Events of one topic are delivered in the order in which they stand; the caller
// must not deliver later events of a topic while earlier ones are under way.
// A subscriber that cannot be reached does not fail an event: its operation ends
// with an error that tells its client to subscribe again, or its connection is
// closed. A verdict is an error when the subscribers could not be listed, and
// ports.ErrUnfinished when the context's deadline came near before all of them
// were reached: delivered again, the events go to the others only.
func (e *Engine) Deliver(ctx context.Context, events []ports.Event) []error {
	verdicts := make([]error, len(events))
	for _, batch := range batches(events) {
		done, err := e.deliverBatch(ctx, batch.events)
		if err == nil {
			continue
		}
		for _, index := range batch.indexes[done:] {
			verdicts[index] = err
		}
		if !errors.Is(err, ports.ErrUnfinished) {
			e.report(ctx, "delivering events", err)
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
// subscriptions on its topic ends its batch too: what comes behind it is only for
// those who subscribed afterwards, whom another listing finds. Events of unknown
// kinds are left out.
func batches(events []ports.Event) []*batch {
	var all []*batch
	open := map[ports.Topic]*batch{}
	for i, event := range events {
		if event.Kind != ports.EventData && event.Kind != ports.EventComplete {
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
		if event.Kind == ports.EventComplete {
			delete(open, event.Topic)
		}
	}
	return all
}

// deliverBatch pushes a batch to every subscriber of its topic, and says how many
// of its events are done with; the error is about the others.
func (e *Engine) deliverBatch(ctx context.Context, events []ports.Event) (done int, err error) {
	page, err := e.list(ctx, events[0].Topic, "")
	if err != nil {
		return 0, err
	}
	if page.Next == "" { // then no former delivery can have stopped half-way
		newFanout(e, events).push(ctx, page.Subscribers)
		return len(events), nil
	}
	begun, cursor, err := e.resume(ctx, events)
	if err != nil {
		return 0, err
	}
	if begun > 0 {
		next := e.prefetch(ctx, events[0].Topic, cursor)
		if err := newFanout(e, events[:begun]).run(ctx, cursor, next); err != nil {
			return 0, err
		}
	}
	if begun == len(events) {
		return begun, nil
	}
	first := func() (ports.Page, error) { return page, nil }
	if err := newFanout(e, events[begun:]).run(ctx, "", first); err != nil {
		return begun, err
	}
	return len(events), nil
}

// run pushes page after page, beginning with the one that next returns, which the
// cursor leads to. The page after it is read while one is pushed, so that two
// pages are in memory whatever the number of subscribers. One page is pushed in
// any case, however little time there is: each delivery gets further. To whom an
// event of a page could not be pushed in time, the operation ends; so a page that
// was pushed is never pushed again.
func (f *fanout) run(ctx context.Context, cursor ports.Cursor, next func() (ports.Page, error)) error {
	for {
		page, err := next()
		if err != nil {
			return f.stop(ctx, cursor, err)
		}
		if page.Next == "" {
			f.push(ctx, page.Subscribers)
			return nil
		}
		cursor = page.Next
		next = f.engine.prefetch(ctx, f.topic, cursor)
		f.push(ctx, page.Subscribers)
		if f.engine.outOfTime(ctx) {
			_, _ = next()
			return f.stop(ctx, cursor, unfinished)
		}
	}
}

func (e *Engine) list(ctx context.Context, topic ports.Topic, after ports.Cursor) (ports.Page, error) {
	return e.config.Subscriptions.ListSubscribers(ctx, topic, ports.PageRequest{After: after, Limit: e.config.PageSize})
}

// prefetch reads a page while the caller does something else. The function that
// it returns waits for the page and must be called.
func (e *Engine) prefetch(ctx context.Context, topic ports.Topic, after ports.Cursor) func() (ports.Page, error) {
	var page ports.Page
	var err error
	var done sync.WaitGroup
	done.Go(func() { page, err = e.list(ctx, topic, after) })
	return func() (ports.Page, error) {
		done.Wait()
		return page, err
	}
}

// fanout is one batch of events on its way to the subscribers of one topic.
type fanout struct {
	engine *Engine
	topic  ports.Topic
	events []ports.Event
	// roots are the events' payloads as resolvers get them in p.Source.
	roots []any
	// groups are the subscribers met so far, by what they asked for, and screens
	// by what they filter by.
	groups  map[string]*group
	screens map[string]*screen

	mu sync.Mutex
	// gone are the connections that have been cleared away already.
	gone map[ports.ConnectionID]bool
}

func newFanout(e *Engine, events []ports.Event) *fanout {
	fan := &fanout{
		engine: e, topic: events[0].Topic, events: events, roots: make([]any, len(events)),
		groups: map[string]*group{}, screens: map[string]*screen{}, gone: map[ports.ConnectionID]bool{},
	}
	for i := range events {
		fan.roots[i] = decodePayload(events[i].Payload)
	}
	return fan
}

// decodePayload is a payload as p.Source. One that is not JSON comes from a
// publisher other than this package's; resolvers then find an empty map, as
// graphql-go gives them for a nil.
func decodePayload(payload []byte) any {
	var value any
	if err := json.Unmarshal(payload, &value); err != nil {
		return nil
	}
	return value
}

// push delivers the batch to one page of subscribers, several connections at a
// time, but each connection by one worker: that keeps its frames in order.
func (f *fanout) push(ctx context.Context, subscribers []ports.Subscriber) {
	runs := byConnection(f.enroll(subscribers))
	workers := min(f.engine.config.PushConcurrency, len(runs))
	if workers <= 1 {
		for _, run := range runs {
			f.pushRun(ctx, run)
		}
		return
	}
	var next atomic.Int64
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(runs)); i = next.Add(1) - 1 {
				f.pushRun(ctx, runs[i])
			}
		})
	}
	done.Wait()
}

// byConnection cuts a page into one run per connection.
func byConnection(page []member) [][]member {
	slices.SortStableFunc(page, func(a, b member) int {
		return strings.Compare(string(a.Ref.Connection), string(b.Ref.Connection))
	})
	runs := make([][]member, 0, len(page))
	for start, i := 0, 1; i <= len(page); i++ {
		if i == len(page) || page[i].Ref.Connection != page[start].Ref.Connection {
			runs = append(runs, page[start:i])
			start = i
		}
	}
	return runs
}

// pushRun sends every event, in order, to the subscribers of one connection.
func (f *fanout) pushRun(ctx context.Context, run []member) {
	if f.isGone(run[0].Ref.Connection) { // as an earlier page found out
		f.clearRows(ctx, refs(run))
		return
	}
	var few [8]bool // spares nearly every run an allocation
	ended := few[:]
	if len(run) > len(few) {
		ended = make([]bool, len(run))
	}
	for i := range f.events {
		for j, to := range run {
			if ended[j] || !meant(&f.events[i], to.Ref.Connection) {
				continue
			}
			switch f.pushOne(ctx, i, to) {
			case opEnded:
				ended[j] = true
			case socketGone:
				f.forget(ctx, run)
				return
			}
		}
	}
}

func refs(run []member) []ports.OperationRef {
	list := make([]ports.OperationRef, len(run))
	for i := range run {
		list[i] = run[i].Ref
	}
	return list
}

// meant reports whether an event is for the connection.
func meant(event *ports.Event, id ports.ConnectionID) bool {
	if len(event.Only) > 0 && !slices.Contains(event.Only, id) {
		return false
	}
	return !slices.Contains(event.Except, id)
}

// fate is what one push has done to a subscriber.
type fate int

const (
	goesOn fate = iota
	opEnded
	socketGone
)

// pushOne sends one event to one subscriber.
func (f *fanout) pushOne(ctx context.Context, index int, to member) fate {
	if f.events[index].Kind == ports.EventComplete {
		f.complete(ctx, to)
		return opEnded
	}
	outcome := to.outcome(ctx, index)
	switch {
	case outcome.skip:
		return goesOn
	case outcome.rejected != nil:
		f.fail(ctx, to, outcome.rejected)
		return opEnded
	}
	err := f.engine.push(ctx, to.Address, wire.NextFrame(to.Protocol, string(to.Ref.ID), outcome.body))
	switch {
	case err == nil:
		return goesOn
	case isKind(err, ports.ErrGone):
		return socketGone
	case isKind(err, ports.ErrTooLarge):
		f.fail(ctx, to, newErrors(tooLarge))
	default:
		f.engine.report(ctx, "pushing an event", err, connectionAttr(to.Ref.Connection))
		f.fail(ctx, to, newErrors("an event could not be delivered; subscribe again"))
	}
	return opEnded
}

// complete ends a subscription because its topic has ended.
func (f *fanout) complete(ctx context.Context, to member) {
	ended, err := f.engine.end(ctx, to.Ref, to.ReceivedAt, CompletedByServer)
	if err == nil && ended {
		err = f.engine.reply(ctx, to.Address, wire.CompleteFrame(string(to.Ref.ID)))
	}
	if err != nil {
		f.closeLost(ctx, to, err)
	}
}

// fail ends a subscription with an error, so that its client knows that events
// are missing. Where that cannot be said either, the connection is closed.
func (f *fanout) fail(ctx context.Context, to member, errs responseErrors) {
	ctx, cancel := detached(ctx)
	defer cancel()
	ended, err := f.engine.end(ctx, to.Ref, to.ReceivedAt, CompletedByError)
	if err == nil && ended {
		err = f.engine.reply(ctx, to.Address, errorFrame(to.Protocol, string(to.Ref.ID), errs))
	}
	if err != nil {
		f.closeLost(ctx, to, err)
	}
}

func (f *fanout) closeLost(ctx context.Context, to member, cause error) {
	err := f.engine.closeConnection(ctx, to.Address, closeTryAgainLater, "Events could not be delivered")
	f.engine.report(ctx, "ending a subscription", errors.Join(cause, err), connectionAttr(to.Ref.Connection))
}

// forget clears away a connection whose socket no longer exists, once, and those
// of its rows that led here but were not the connection's own any more: a crash
// left them behind.
func (f *fanout) forget(ctx context.Context, run []member) {
	f.mu.Lock()
	f.gone[run[0].Ref.Connection] = true
	f.mu.Unlock()
	ctx, cancel := detached(ctx)
	defer cancel()
	removed, err := f.engine.remove(ctx, ports.Disconnection{Address: run[0].Address})
	if err != nil {
		f.engine.report(ctx, "removing a gone connection", err, connectionAttr(run[0].Ref.Connection))
		return
	}
	f.clearRows(ctx, slices.DeleteFunc(refs(run), func(ref ports.OperationRef) bool {
		return slices.Contains(removed.Operations, ref)
	}))
}

func (f *fanout) isGone(id ports.ConnectionID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gone[id]
}

func (f *fanout) clearRows(ctx context.Context, rows []ports.OperationRef) {
	if len(rows) == 0 {
		return
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := f.engine.config.Subscriptions.RemoveSubscribers(ctx, f.topic, rows); err != nil {
		f.engine.report(ctx, "removing stale rows", err, connectionAttr(rows[0].Connection))
	}
}
