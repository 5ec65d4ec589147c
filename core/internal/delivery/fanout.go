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
	// groups are the subscribers met so far, by what they asked for, and filters
	// by what they filter by.
	groups  map[string]*group
	filters map[string]*filtered

	ending *peer.Ending
	slow   *slowConnections
	counts counts
	// page is that under way.
	page *listed

	mu sync.Mutex
	// gone are the connections that have been removed already.
	gone map[ports.ConnectionID]bool
	// lost are the connections that have not accepted an event, losses the same in the
	// order in which they were lost.
	lost   map[ports.ConnectionID]*lostConnection
	losses []*lostConnection
	// settled counts those of them that are lost no more, and left is what the others
	// lack.
	settled atomic.Int64
	left    *leftover
}

func newFanout(d *Deliverer, events []ports.Event, ending *peer.Ending) *fanout {
	fan := &fanout{
		deliverer: d, topic: events[0].Topic, events: events, roots: make([]any, len(events)), decoded: make([]run.Decoded, len(events)),
		page: &listed{}, groups: map[string]*group{}, filters: map[string]*filtered{}, gone: map[ports.ConnectionID]bool{},
		lost:   map[ports.ConnectionID]*lostConnection{},
		ending: ending, slow: newSlowConnections(d.PushConcurrency),
	}
	for i := range events {
		fan.roots[i] = run.DecodePayload(events[i].Payload)
	}
	return fan
}

// counts is what a fan-out has done. Troubled counts the connections that did not
// accept something at once.
type counts struct{ pushed, executed, gone, lost, troubled atomic.Int64 }

// sums are counts of one moment.
type sums struct{ pushed, troubled int64 }

func (f *fanout) sums() sums { return sums{f.counts.pushed.Load(), f.counts.troubled.Load()} }

// finish waits for the slow connections and settles the lost ones.
func (f *fanout) finish(ctx context.Context) {
	f.slow.wait()
	f.settle(ctx)
	f.deliverer.Observation.Count(ctx, ports.Counts{
		Pushed: int(f.counts.pushed.Load()), Executed: int(f.counts.executed.Load()),
		Gone: int(f.counts.gone.Load()), Lost: int(f.counts.lost.Load()),
	})
}

// listed is a page of the fan-out: its number, and the cursor that leads to it.
type listed struct {
	number int
	cursor ports.Cursor
}

// push delivers the batch to the page of subscribers that the cursor led to, several
// connections at a time, but each connection by one worker: that keeps its frames in
// order.
func (f *fanout) push(ctx context.Context, cursor ports.Cursor, subscribers []ports.Subscriber) {
	f.page = &listed{f.page.number + 1, cursor}
	runs := byConnection(f.members(ctx, subscribers))
	inParallel(f.deliverer.PushConcurrency, runs, func(run []member) { f.pushRun(ctx, run) })
}

// inParallel calls do for every item, in their order, for several at a time.
func inParallel[T any](most int, items []T, do func(T)) {
	workers := min(most, len(items))
	if workers <= 1 {
		for _, item := range items {
			do(item)
		}
		return
	}
	var next atomic.Int64
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(items)); i = next.Add(1) - 1 {
				do(items[i])
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
	// page is where the run was listed.
	page *listed
	// event and member are to be pushed next.
	event, member int
	pushed        int
	// err is why the push of these was not accepted.
	err error
}

// pushRun sends every event, in order, to the subscribers of one connection. A
// connection that does not take one at once goes on by itself, so that the others
// do not wait for it.
func (f *fanout) pushRun(ctx context.Context, run []member) {
	gone, lostBefore := f.isOut(run[0].Ref.Connection)
	switch {
	case gone: // as an earlier page found out
		f.clearRows(ctx, refs(run))
		return
	case f.deliverer.Peers.HasEnded(run[0].NotAfter):
		f.closeEnded(ctx, run)
		return
	case f.slow.join(run, f.page):
		return
	case lostBefore:
		f.lose(newProgress(run, f.page))
		return
	}
	var few [8]bool // spares nearly every run an allocation
	p := progress{run: run, page: f.page, ended: few[:]}
	if len(run) > len(few) {
		p.ended = make([]bool, len(run))
	}
	switch f.advance(ctx, &p, f.deliverer.Peers.Attempt) {
	case stuck:
		f.pushSlowly(ctx, p.clone())
	case lost:
		f.lose(p.clone())
	}
}

func newProgress(run []member, page *listed) *progress {
	return &progress{run: run, page: page, ended: make([]bool, len(run))}
}

// clone is a progress that may outlive the call that it was made in.
func (p *progress) clone() *progress {
	return &progress{run: p.run, ended: slices.Clone(p.ended), page: p.page, event: p.event, member: p.member, err: p.err}
}

// advance goes on until everything is pushed, the socket is gone, the delivery is
// cancelled, or a push is not accepted.
func (f *fanout) advance(ctx context.Context, p *progress, push peer.SendFunc) outcome {
	defer func() { f.counts.pushed.Add(int64(p.pushed)); p.pushed = 0 }()
	for ; p.event < len(f.events); p.event, p.member = p.event+1, 0 {
		for ; p.member < len(p.run); p.member++ {
			to := p.run[p.member]
			if p.ended[p.member] || !addressed(&f.events[p.event], to.Ref.Connection) {
				continue
			}
			result, err := f.pushOne(ctx, p.event, to, push)
			switch result {
			case reached:
				p.pushed++
			case operationEnded:
				p.ended[p.member] = true
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

func refs(run []member) []ports.OperationRef {
	list := make([]ports.OperationRef, len(run))
	for i := range run {
		list[i] = run[i].Ref
	}
	return list
}

// addressed reports whether an event is for the connection.
func addressed(event *ports.Event, id ports.ConnectionID) bool {
	if len(event.Only) > 0 && !slices.Contains(event.Only, id) {
		return false
	}
	return !slices.Contains(event.Except, id)
}

// outcome is what one push has come to.
type outcome int

const (
	goesOn outcome = iota
	// reached: the transport has accepted the event.
	reached
	// operationEnded: the operation is removed, by the client, or because the
	// transport has accepted its last frame.
	operationEnded
	// connectionEnded: the connection is closed and removed.
	connectionEnded
	// socketGone: there is no such socket any more.
	socketGone
	// stuck: not accepted; it has to be tried again.
	stuck
	// lost: not accepted, as often as it was tried.
	lost
	// abandoned: the delivery is cancelled.
	abandoned
)

// pushOne sends one event to one subscriber. The error is that of a push that was
// not accepted.
func (f *fanout) pushOne(ctx context.Context, index int, to member, push peer.SendFunc) (outcome, error) {
	if f.ending.Has(to.Subscriber) {
		return operationEnded, nil
	}
	if f.events[index].Kind == ports.EventComplete {
		return f.complete(ctx, to, push)
	}
	result := to.result(ctx, index)
	switch {
	case result.Skip:
		return goesOn, nil
	case result.Rejected != nil:
		return f.fail(ctx, to, result.Rejected, push)
	}
	err := f.deliverer.Peers.Result(ctx, operation(to), f.execution(index, to.Subscriber), result.Body, push)
	if peer.Is(err, ports.ErrTooLarge) {
		return f.fail(ctx, to, peer.TooLarge(), push)
	}
	return outcomeOf(ctx, err)
}

// outcomeOf is the outcome of a push that had this error.
func outcomeOf(ctx context.Context, err error) (outcome, error) {
	switch {
	case err == nil:
		return reached, nil
	case errors.Is(err, peer.ErrStuck):
		return stuck, err
	case peer.Is(err, ports.ErrGone):
		return socketGone, err
	case cut(ctx) != nil:
		return abandoned, err
	}
	return lost, err
}

// operation is what peers know a subscriber by.
func operation(to member) peer.Operation {
	return peer.Operation{Ref: to.Ref, Address: to.Address, Dialect: wire.Of(to.Protocol), ReceivedAt: to.ReceivedAt}
}

// forget clears away a connection whose socket no longer exists, once, and those
// of its rows that led here but were not the connection's own any more: a crash
// left them behind.
func (f *fanout) forget(ctx context.Context, run []member) {
	f.counts.gone.Add(1)
	f.setGone(run[0].Ref.Connection)
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

// closeEnded disconnects a client whose identity has ended. One that cannot be
// closed keeps its rows, for the next event to try again.
func (f *fanout) closeEnded(ctx context.Context, run []member) {
	if err := f.deliverer.Peers.CloseEnded(ctx, run[0].Address); err != nil {
		f.deliverer.Calls.Report(ctx, "closing a connection whose identity has ended", err, hooks.Connection(run[0].Ref.Connection))
		return
	}
	f.setGone(run[0].Ref.Connection)
}

func (f *fanout) setGone(id ports.ConnectionID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone[id] = true
}

func (f *fanout) isGone(id ports.ConnectionID) bool {
	gone, _ := f.isOut(id)
	return gone
}

// isOut reports whether a connection is gone or lost.
func (f *fanout) isOut(id ports.ConnectionID) (gone, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gone[id], f.lost[id] != nil
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
