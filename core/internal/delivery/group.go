package delivery

import (
	"sync"

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

// member is a subscriber with its group and its filters.
type member struct {
	*ports.Subscriber
	group  *group
	filter *filtered
	// ended: nothing more is sent for the operation.
	ended bool
}

func refs(run []member) []ports.OperationRef {
	list := make([]ports.OperationRef, len(run))
	for i := range run {
		list[i] = run[i].Ref
	}
	return list
}
