package delivery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// fanout is one batch of events on its way to the subscribers of one topic.
type fanout struct {
	deliverer *Deliverer
	topic     ports.Topic
	events    []ports.Event
	// roots are the events' payloads as resolvers get them in p.Source.
	roots   []any
	decoded []run.Decoded
	// groups are the subscribers met so far, by what they asked for, and screens
	// by what they filter by.
	groups  map[string]*group
	screens map[string]*screen

	stragglers *stragglers
	tally      tally

	mu sync.Mutex
	// gone are the connections that have been cleared away already.
	gone map[ports.ConnectionID]bool
}

func newFanout(d *Deliverer, events []ports.Event) *fanout {
	fan := &fanout{
		deliverer: d, topic: events[0].Topic, events: events, roots: make([]any, len(events)), decoded: make([]run.Decoded, len(events)),
		groups: map[string]*group{}, screens: map[string]*screen{}, gone: map[ports.ConnectionID]bool{},
		stragglers: newStragglers(d.PushConcurrency),
	}
	for i := range events {
		fan.roots[i] = run.DecodePayload(events[i].Payload)
	}
	return fan
}

// tally counts what a fan-out has done, for the Observer.
type tally struct{ pushed, executed, gone, lost atomic.Int64 }

// finish waits for the last frames.
func (f *fanout) finish(ctx context.Context) {
	f.stragglers.wait()
	f.deliverer.Observation.Count(ctx, ports.Counts{
		Pushed: int(f.tally.pushed.Load()), Executed: int(f.tally.executed.Load()),
		Gone: int(f.tally.gone.Load()), Lost: int(f.tally.lost.Load()),
	})
}

// push delivers the batch to one page of subscribers, several connections at a
// time, but each connection by one worker: that keeps its frames in order.
func (f *fanout) push(ctx context.Context, subscribers []ports.Subscriber) {
	runs := byConnection(f.enroll(ctx, subscribers))
	workers := min(f.deliverer.PushConcurrency, len(runs))
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

// progress is how far the events have got with one connection.
type progress struct {
	run   []member
	ended []bool
	// event and member are to be pushed next.
	event, member int
	pushed        int
}

// pushRun sends every event, in order, to the subscribers of one connection. A
// connection that does not take one at once goes on by itself, so that the others
// do not wait for it.
func (f *fanout) pushRun(ctx context.Context, run []member) {
	if f.isGone(run[0].Ref.Connection) { // as an earlier page found out
		f.clearRows(ctx, refs(run))
		return
	}
	if f.deliverer.Peers.HasEnded(run[0].NotAfter) {
		f.closeEnded(ctx, run)
		return
	}
	if f.stragglers.join(run) {
		return
	}
	var few [8]bool // spares nearly every run an allocation
	p := progress{run: run, ended: few[:]}
	if len(run) > len(few) {
		p.ended = make([]bool, len(run))
	}
	if f.advance(ctx, &p, f.deliverer.Peers.Attempt) == stuck {
		f.straggle(ctx, &progress{run: run, ended: slices.Clone(p.ended), event: p.event, member: p.member})
	}
}

// advance goes on until everything is pushed, the socket is gone, the delivery is
// cut, or a push does not succeed that may later.
func (f *fanout) advance(ctx context.Context, p *progress, push peer.SendFunc) fate {
	defer func() { f.tally.pushed.Add(int64(p.pushed)) }()
	for ; p.event < len(f.events); p.event, p.member = p.event+1, 0 {
		for ; p.member < len(p.run); p.member++ {
			to := p.run[p.member]
			if p.ended[p.member] || !meant(&f.events[p.event], to.Ref.Connection) {
				continue
			}
			switch f.pushOne(ctx, p.event, to, push) {
			case reached:
				p.pushed++
			case opEnded:
				p.ended[p.member] = true
			case socketGone:
				f.forget(ctx, p.run)
				return socketGone
			case stuck:
				return stuck
			case abandoned:
				return abandoned
			}
		}
	}
	return goesOn
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
	reached
	opEnded
	socketGone
	stuck
	abandoned
)

// pushOne sends one event to one subscriber.
func (f *fanout) pushOne(ctx context.Context, index int, to member, push peer.SendFunc) fate {
	if f.events[index].Kind == ports.EventComplete {
		if cut(ctx) != nil {
			return abandoned
		}
		f.complete(ctx, to)
		return opEnded
	}
	outcome := to.outcome(ctx, index)
	switch {
	case outcome.Skip:
		return goesOn
	case outcome.Rejected != nil:
		f.fail(ctx, to, outcome.Rejected)
		return opEnded
	}
	err := f.deliverer.Peers.Result(ctx, operation(to), f.execution(index, to.Subscriber), outcome.Body, push)
	switch {
	case err == nil:
		return reached
	case errors.Is(err, peer.ErrStuck):
		return stuck
	case peer.Is(err, ports.ErrGone):
		return socketGone
	case peer.Is(err, ports.ErrTooLarge):
		f.fail(ctx, to, peer.TooLarge())
	case cut(ctx) != nil:
		return abandoned
	default:
		f.tally.lost.Add(1)
		f.deliverer.Calls.Report(ctx, "pushing an event", err, hooks.Connection(to.Ref.Connection))
		f.fail(ctx, to, ports.NewResponseErrors("an event could not be delivered; subscribe again"))
	}
	return opEnded
}

// operation is what peers know a subscriber by.
func operation(to member) peer.Operation {
	return peer.Operation{Ref: to.Ref, Address: to.Address, Dialect: wire.Of(to.Protocol), ReceivedAt: to.ReceivedAt}
}

// complete ends a subscription because its topic has ended.
func (f *fanout) complete(ctx context.Context, to member) {
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	ended, err := f.deliverer.Peers.End(ctx, to.Ref, to.ReceivedAt, ports.CompletedByServer)
	if err == nil && ended {
		err = f.deliverer.Peers.Reply(ctx, to.Address, wire.CompleteFrame(string(to.Ref.ID)))
	}
	if err != nil {
		f.closeLost(ctx, to, err)
	}
}

// fail ends a subscription with an error, so that its client knows that events
// are missing. Where that cannot be said either, the connection is closed.
func (f *fanout) fail(ctx context.Context, to member, errs ports.ResponseErrors) {
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	if err := f.deliverer.Peers.EndWithErrors(ctx, operation(to), errs); err != nil {
		f.closeLost(ctx, to, err)
	}
}

func (f *fanout) closeLost(ctx context.Context, to member, cause error) {
	err := f.deliverer.Peers.Close(ctx, to.Address, ports.CloseTryAgainLater, "Events could not be delivered")
	f.deliverer.Calls.Report(ctx, "ending a subscription", errors.Join(cause, err), hooks.Connection(to.Ref.Connection))
}

// forget clears away a connection whose socket no longer exists, once, and those
// of its rows that led here but were not the connection's own any more: a crash
// left them behind.
func (f *fanout) forget(ctx context.Context, run []member) {
	f.tally.gone.Add(1)
	f.mu.Lock()
	f.gone[run[0].Ref.Connection] = true
	f.mu.Unlock()
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	removed, err := f.deliverer.Peers.Remove(ctx, ports.Disconnection{Address: run[0].Address})
	if err != nil {
		f.deliverer.Calls.Report(ctx, "removing a gone connection", err, hooks.Connection(run[0].Ref.Connection))
		return
	}
	f.clearRows(ctx, slices.DeleteFunc(refs(run), func(ref ports.OperationRef) bool {
		return slices.Contains(removed.Operations, ref)
	}))
}

// closeEnded puts out a connection whose identity has ended. One that cannot be
// closed keeps its rows, for the next event to try again.
func (f *fanout) closeEnded(ctx context.Context, run []member) {
	if err := f.deliverer.Peers.CloseEnded(ctx, run[0].Address); err != nil {
		f.deliverer.Calls.Report(ctx, "closing a connection whose identity has ended", err, hooks.Connection(run[0].Ref.Connection))
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone[run[0].Ref.Connection] = true
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
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	if err := f.deliverer.Store.RemoveSubscribers(ctx, f.topic, rows); err != nil {
		f.deliverer.Calls.Report(ctx, "removing stale rows", err, hooks.Connection(rows[0].Connection))
	}
}
