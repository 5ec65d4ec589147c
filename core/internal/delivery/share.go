package delivery

import (
	"context"
	"sync"

	"github.com/fanql/fanql/core/internal/filter"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// maxGroups bounds how many groups one fan-out remembers from page to page, and
// how many states one event of a group. What is forgotten is executed again;
// nothing else changes.
const maxGroups = 10_000

// Sharing decides which subscribers share a result. Deliverers have Exact; tests
// have others, to see that it shows when a result is shared too far.
type Sharing struct {
	// Request and State are what has to be equal of two subscribers' requests and
	// states.
	Request, State func([]byte) []byte
	// Scope is with whom the result of an execution may be shared, among subscribers
	// with the same request and, if equalStates, the same state.
	Scope func(x *run.Execution, equalStates bool) run.Scope
}

// Exact shares results as far as what the resolvers read allows.
func Exact() Sharing {
	whole := func(b []byte) []byte { return b }
	return Sharing{Request: whole, State: whole, Scope: scope}
}

func scope(x *run.Execution, equalStates bool) run.Scope {
	reach := x.Scope()
	if equalStates && reach == run.EqualStates {
		return run.Everyone
	}
	return reach
}

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
	prepared *run.Prepared
	rejected ports.ResponseErrors
	results  []sharing // one per event
}

// filtered is all subscribers of a fan-out with the same filters.
type filtered struct {
	perSubscriber bool
	// passes says of each event whether it fits all conditions.
	passes []bool
}

// sharing is what one event has come to for a group so far.
type sharing struct {
	// equalStates: it is for members with one state only.
	equalStates bool

	mu sync.Mutex
	// known says how far results are shared; until then, nobody has executed.
	known run.Scope
	// all is the result when known is shared; byState those when it is EqualStates.
	all     ports.Result
	byState map[string]*sharing
}

// member is a subscriber with its group and its filters.
type member struct {
	*ports.Subscriber
	group  *group
	filter *filtered
	// ended: nothing more is sent for the operation.
	ended bool
}

// members finds every subscriber of a page its group and its filters.
func (f *fanout) members(ctx context.Context, subscribers []ports.Subscriber) []member {
	if len(f.groups) > maxGroups {
		clear(f.groups)
	}
	if len(f.filters) > maxGroups {
		clear(f.filters)
	}
	members := make([]member, len(subscribers))
	for i := range subscribers {
		to := &subscribers[i]
		members[i] = member{Subscriber: to, group: f.group(ctx, to.Request), filter: f.filter(to.Filters)}
	}
	return members
}

func (f *fanout) group(ctx context.Context, request []byte) *group {
	key := f.Sharing.Request(request)
	found := f.groups[string(key)]
	if found != nil {
		return found
	}
	found = &group{fan: f, results: make([]sharing, len(f.events))}
	found.prepared, found.rejected = f.Runner.PrepareStored(ctx, request)
	f.groups[string(key)] = found
	return found
}

// filter evaluates the conditions of a subscription once for all that have the
// same.
func (f *fanout) filter(encoded []byte) *filtered {
	found := f.filters[string(encoded)]
	if found != nil {
		return found
	}
	conditions := filter.Decode(encoded)
	found = &filtered{perSubscriber: conditions.PerSubscriber, passes: make([]bool, len(f.events))}
	for i := range f.events {
		found.passes[i] = conditions.Pass(f.roots[i])
	}
	f.filters[string(encoded)] = found
	return found
}

// result is what one event is to one subscriber.
func (m *member) result(ctx context.Context, index int) ports.Result {
	g := m.group
	switch {
	case g.rejected != nil: // the schema has changed since the client subscribed
		return ports.Result{Rejected: g.rejected}
	case !m.filter.passes[index]:
		return ports.Result{Skip: true}
	case m.filter.perSubscriber:
		outcome, _ := g.execute(ctx, index, m.Subscriber)
		return outcome
	}
	execute := func(equalStates bool) (ports.Result, run.Scope) {
		outcome, x := g.execute(ctx, index, m.Subscriber)
		return outcome, g.fan.Sharing.Scope(x, equalStates)
	}
	return g.results[index].outcome(execute, g.fan.Sharing.State(m.State))
}

// outcome returns the shared result where there is one for this state, and
// otherwise executes. The first execution holds the lock: the others are waiting
// for nothing but its result.
func (s *sharing) outcome(execute func(equalStates bool) (ports.Result, run.Scope), state []byte) ports.Result {
	s.mu.Lock()
	switch s.known {
	case run.Everyone:
		defer s.mu.Unlock()
		return s.all
	case run.OneCaller:
		s.mu.Unlock()
		outcome, _ := execute(s.equalStates)
		return outcome
	case run.EqualStates:
		same := s.forState(state)
		s.mu.Unlock()
		return same.outcome(execute, state)
	}
	defer s.mu.Unlock()
	outcome, reach := execute(s.equalStates)
	s.known, s.all = reach, outcome
	if reach == run.EqualStates {
		same := s.forState(state)
		same.known, same.all = run.Everyone, outcome
	}
	return outcome
}

func (s *sharing) forState(state []byte) *sharing {
	same := s.byState[string(state)]
	if same == nil {
		if s.byState == nil || len(s.byState) >= maxGroups {
			s.byState = map[string]*sharing{}
		}
		same = &sharing{equalStates: true}
		s.byState[string(state)] = same
	}
	return same
}

// execute runs the operation for one subscriber.
func (g *group) execute(ctx context.Context, index int, to *ports.Subscriber) (ports.Result, *run.Execution) {
	x := g.fan.execution(index, to)
	g.fan.counts.executed.Add(1)
	return g.fan.Runner.Execute(ctx, x, g.prepared, g.fan.roots[index]), x
}

// execution is that of one event for one subscriber.
func (f *fanout) execution(index int, to *ports.Subscriber) *run.Execution {
	return &run.Execution{
		Caller:   run.NewCaller(to.Ref.Connection, to.State),
		Event:    &f.events[index],
		Decoded:  &f.decoded[index],
		Position: f.positions[index],
		CaughtUp: f.caughtUp,
	}
}
