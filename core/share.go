package core

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/fanql/fanql/ports"
)

// maxGroups bounds how many groups one fan-out remembers from page to page, and
// how many states one event of a group. What is forgotten is executed again;
// nothing else changes.
const maxGroups = 10_000

// group is all subscribers of a fan-out with the same request. An event is
// executed for one of them, and the result shared as far as what the resolvers
// asked about the connection allows:
//
//   - nothing: all members get the same bytes;
//   - its state: members with an equal state do;
//   - its ID: each member has an execution of its own.
//
// That is correct for resolvers that are functions of the event, the request and
// ConnectionFrom. PerSubscriber is for those that are not.
type group struct {
	fan      *fanout
	prepared *prepared
	rejected ports.ResponseErrors
	results  []sharing // one per event
}

// screen is all subscribers of a fan-out with the same filters.
type screen struct {
	perSubscriber bool
	// passes says of each event whether it fits all conditions.
	passes []bool
}

// sharing is what one event has come to for a group so far.
type sharing struct {
	mu sync.Mutex
	// known says how far results are shared; until then, nobody has executed.
	known scope
	// all is the result when known is shared; byState those when it is perState.
	all     ports.Result
	byState map[string]*sharing
}

type scope int

const (
	unknown scope = iota
	shared
	perState
	perMember
)

// member is a subscriber with its group and its screen.
type member struct {
	*ports.Subscriber
	group  *group
	screen *screen
}

// enroll finds every subscriber of a page its group and its screen.
func (f *fanout) enroll(ctx context.Context, subscribers []ports.Subscriber) []member {
	if len(f.groups) > maxGroups {
		clear(f.groups)
	}
	if len(f.screens) > maxGroups {
		clear(f.screens)
	}
	members := make([]member, len(subscribers))
	for i := range subscribers {
		to := &subscribers[i]
		members[i] = member{to, f.group(ctx, to.Request), f.screen(to.Filters)}
	}
	return members
}

func (f *fanout) group(ctx context.Context, request []byte) *group {
	found := f.groups[string(request)]
	if found != nil {
		return found
	}
	found = &group{fan: f, results: make([]sharing, len(f.events))}
	found.prepared, found.rejected = f.engine.prepareStored(ctx, request)
	f.groups[string(request)] = found
	return found
}

// screen evaluates the conditions of a subscription once for all that have the
// same. Those that this version cannot read let everything pass: too much is
// better than a silent gap.
func (f *fanout) screen(encoded []byte) *screen {
	found := f.screens[string(encoded)]
	if found != nil {
		return found
	}
	var stored filters
	if len(encoded) > 0 && json.Unmarshal(encoded, &stored) != nil {
		stored = filters{}
	}
	found = &screen{perSubscriber: stored.PerSubscriber, passes: make([]bool, len(f.events))}
	for i := range f.events {
		found.passes[i] = !slices.ContainsFunc(stored.Where, func(c condition) bool { return !c.holds(f.roots[i]) })
	}
	f.screens[string(encoded)] = found
	return found
}

// outcome is what one event is to one subscriber.
func (m member) outcome(ctx context.Context, index int) ports.Result {
	g := m.group
	switch {
	case g.rejected != nil: // the schema has changed since the client subscribed
		return ports.Result{Rejected: g.rejected}
	case !m.screen.passes[index]:
		return ports.Result{Skip: true}
	case m.screen.perSubscriber:
		outcome, _ := g.execute(ctx, index, m.Subscriber)
		return outcome
	}
	return g.results[index].outcome(func() (ports.Result, scope) { return g.execute(ctx, index, m.Subscriber) }, m.State)
}

// outcome returns the shared result where there is one for this state, and
// otherwise executes. The first execution holds the lock: the others are waiting
// for nothing but its result.
func (s *sharing) outcome(execute func() (ports.Result, scope), state []byte) ports.Result {
	s.mu.Lock()
	switch s.known {
	case shared:
		defer s.mu.Unlock()
		return s.all
	case perMember:
		s.mu.Unlock()
		outcome, _ := execute()
		return outcome
	case perState:
		same := s.forState(state)
		s.mu.Unlock()
		return same.outcome(amongEqualStates(execute), nil)
	}
	defer s.mu.Unlock()
	outcome, reach := execute()
	s.known, s.all = reach, outcome
	if reach == perState {
		same := s.forState(state)
		same.known, same.all = shared, outcome
	}
	return outcome
}

// amongEqualStates is an execution whose result goes to members with one state
// only: that it reads the state limits it no further.
func amongEqualStates(execute func() (ports.Result, scope)) func() (ports.Result, scope) {
	return func() (ports.Result, scope) {
		outcome, reach := execute()
		if reach == perState {
			reach = shared
		}
		return outcome, reach
	}
}

func (s *sharing) forState(state []byte) *sharing {
	same := s.byState[string(state)]
	if same == nil {
		if s.byState == nil || len(s.byState) >= maxGroups {
			s.byState = map[string]*sharing{}
		}
		same = &sharing{}
		s.byState[string(state)] = same
	}
	return same
}

// execute runs the operation for one subscriber and says who may share it.
func (g *group) execute(ctx context.Context, index int, to *ports.Subscriber) (ports.Result, scope) {
	x := &execution{
		connection: &identity{id: to.Ref.Connection, state: to.State},
		event:      &g.fan.events[index],
		decoded:    &g.fan.decoded[index],
	}
	g.fan.tally.executed.Add(1)
	outcome := g.fan.engine.execute(ctx, x, g.prepared, g.fan.roots[index])
	switch {
	case x.readID.Load():
		return outcome, perMember
	case x.readState.Load():
		return outcome, perState
	}
	return outcome, shared
}
