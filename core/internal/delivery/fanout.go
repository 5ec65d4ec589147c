package delivery

import (
	"context"
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
	// roots are the events' payloads, as the source of the subscriptions' fields.
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
