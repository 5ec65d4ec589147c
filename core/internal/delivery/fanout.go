package delivery

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/fanql/fanql/core/internal/observe"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// fanout is one batch of events on its way to the subscribers of one topic.
type fanout struct {
	*turn

	// events are those of the turn from begin on, of which the fan-out delivers so many:
	// fewer where the time is short.
	begin  int
	events []ports.Event
	due    atomic.Int64
	// roots are the events' payloads as resolvers get them in p.Source.
	roots   []any
	decoded []run.Decoded
	// kept: the history has all the events.
	kept bool
	// positions are those of the events as clients have them; empty where no history
	// has the event. CaughtUp: the events come from there.
	positions []string
	caughtUp  bool
	// groups are the subscribers met so far, by what they asked for, and filters
	// by what they filter by.
	groups  map[string]*group
	filters map[string]*filtered

	slow *slowConnections
	// cut ends all pushes that are under way.
	cut    context.CancelFunc
	counts *counts
	// page is that under way, and again the one that the next delivery begins with.
	// Resumed: a former delivery has brought the events to the pages before.
	page, again *listed
	resumed     bool

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

func newFanout(t *turn, begin, end int) *fanout {
	events := t.events[begin:end]
	fan := &fanout{
		turn: t, begin: begin, counts: &counts{}, events: events,
		roots: make([]any, len(events)), decoded: make([]run.Decoded, len(events)), positions: make([]string, len(events)),
		page: &listed{}, groups: map[string]*group{}, filters: map[string]*filtered{}, gone: map[ports.ConnectionID]bool{},
		lost: map[ports.ConnectionID]*lostConnection{}, slow: newSlowConnections(t.PushConcurrency),
	}
	fan.due.Store(int64(len(events)))
	fan.kept = true
	for i := range events {
		fan.roots[i] = run.DecodePayload(events[i].Payload)
		if fan.kept = fan.kept && t.keeps(&events[i]); t.keeps(&events[i]) {
			fan.positions[i] = run.Position(t.topic, t.mark(&events[i]))
		}
	}
	return fan
}

// count is how many of the events the fan-out delivers.
func (f *fanout) count() int { return int(f.due.Load()) }

// counts is what a fan-out has done. Troubled counts the connections that did not
// accept something at once.
type counts struct{ pushed, executed, gone, lost, troubled, listed atomic.Int64 }

func (c *counts) observe(ctx context.Context, observation observe.Observation) {
	observation.Count(ctx, ports.Counts{
		Pushed: int(c.pushed.Load()), Executed: int(c.executed.Load()),
		Gone: int(c.gone.Load()), Lost: int(c.lost.Load()),
		Listed: int(c.listed.Load()), Slow: int(c.troubled.Load()),
	})
}

// sums are counts of one moment.
type sums struct{ pushed, troubled int64 }

func (f *fanout) sums() sums { return sums{f.counts.pushed.Load(), f.counts.troubled.Load()} }

// finish waits for the slow connections and settles the lost ones.
func (f *fanout) finish(ctx context.Context) {
	f.slow.wait(f.cut, f.slowPatience())
	f.settle(ctx)
	f.counts.observe(ctx, f.Observation)
}

// listed is a page of the fan-out: its number, and the cursor that leads to it.
type listed struct {
	number int
	cursor ports.Cursor
}

// push delivers the batch to the page of subscribers that the cursor led to, in
// windows of events. It reports false where the time was up before everybody had a
// window: then the page is as good as not pushed, or the batch shorter.
func (f *fanout) push(ctx context.Context, cursor ports.Cursor, page ports.Page) bool {
	f.page = &listed{f.page.number + 1, cursor}
	f.counts.listed.Add(int64(len(page.Subscribers)))
	live, behind := splitByPlace(page.Subscribers)
	defer f.bringUp(ctx, behind)()
	runs := byConnection(f.members(ctx, live))
	windows := f.windows(ctx, page.Next != "")
	for w, ok := windows.next(f.count()); ok; w, ok = windows.next(f.count()) {
		if !f.pushWindow(ctx, runs, w) {
			return f.shorten(w.begin)
		}
		if page.Next == "" && windows.isShort(f.count()) {
			windows.skip(f.doneBefore(ctx))
		}
	}
	return f.shorten(windows.begin)
}

// doneBefore is how many of the events a former delivery has done with, as far as a
// checkpoint says so. A topic of one page is asked only where the time is short: an
// event of several that a bus hands over together then comes twice, but the others get
// further.
func (f *fanout) doneBefore(ctx context.Context) int {
	done, _, _, err := f.resume(ctx)
	if err != nil {
		return 0
	}
	return done - f.begin
}

// pushWindow delivers a window of events to several connections at a time, but to
// each connection by one worker: that keeps its frames in order. It reports whether
// there was time for everybody.
func (f *fanout) pushWindow(ctx context.Context, runs [][]member, w window) bool {
	var late atomic.Bool
	inParallel(f.PushConcurrency, runs, func(run []member) {
		if !f.pushRun(ctx, run, w) {
			late.Store(true)
		}
	})
	return !late.Load()
}

// inParallel calls do for every item, in their order, for several at a time. A worker
// starts the next one before its first item, and the caller is the first worker: where
// no call blocks, there are about as many as processors, and not one for each of the
// first items.
func inParallel[T any](most int, items []T, do func(T)) {
	var next, started atomic.Int64
	var done sync.WaitGroup
	var work func()
	work = func() {
		i := next.Add(1) - 1
		if i+1 < int64(len(items)) && started.Add(1) < int64(most) {
			done.Go(work)
		}
		for ; i < int64(len(items)); i = next.Add(1) - 1 {
			do(items[i])
		}
	}
	work()
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
