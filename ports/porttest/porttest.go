// Package porttest proves that an adapter keeps the contracts of package ports.
// An adapter's test calls TestStore, TestBus, TestEventSource, TestHistory,
// TestPusher or TestSchema with a way to make the adapter, under -race:
//
//	func TestStore(t *testing.T) {
//		porttest.TestStore(t, porttest.StoreAdapter{
//			New: func(t *testing.T, clock *porttest.Clock) porttest.Store {
//				return newStore(t, clock.Now)
//			},
//		})
//	}
//
// Every sentence of a contract is a subtest, named for the method and what it
// promises. Where adapters may differ, the adapter says which it is in a field.
//
// The suite assumes no speed, and waits for as long as the test may run. It uses
// IDs and topics of its own in every subtest, so that all of them, and other
// runs, may share one database. Adapters take the time from the Clock, which
// begins at the present and is only ever moved forward.
//
// What the suite leaves open: nil and empty byte slices are the same; ReceivedAt
// is compared to the millisecond, the other times to the second; when two
// errors fit a call either may come, unless the contract says which is first.
package porttest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

// tester is what a check needs of *testing.T. It is an interface so that the
// suite's own tests can watch a check fail.
type tester interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// check is one promise of a contract, tried on a fixture of its own.
type check[F any] struct {
	name string
	// needs are fields of the adapter without which the check cannot be tried.
	needs []need[F]
	run   func(t tester, fixture F)
}

// need is a field, and says whether the adapter has set it.
type need[F any] struct {
	field    string
	declared func(fixture F) bool
}

// run makes each check a subtest. Lacks are the fields that an adapter has nothing for: a
// check that needs one of them cannot be tried, and holds the adapter to its word instead.
// Where a field is neither set nor named, the check fails, so that nobody forgets one.
func run[F any](t *testing.T, checks []check[F], lacks []string, fixture func(t *testing.T) F) {
	t.Helper()
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) { check.try(t, lacks, fixture(t)) })
	}
}

// try tries the check, unless the adapter lacks what it needs.
func (c check[F]) try(t tester, lacks []string, given F) {
	t.Helper()
	tried := true
	for _, need := range c.needs {
		lacking, declared := slices.Contains(lacks, need.field), need.declared(given)
		switch {
		case lacking && declared:
			t.Errorf("the adapter has %s, and says in Lacks that there is no such thing", need.field)
		case !lacking && !declared:
			t.Errorf("the adapter does not say %s, and does not say in Lacks that there is no such thing", need.field)
		}
		tried = tried && !lacking && declared
	}
	if tried {
		c.run(t, given)
	}
}

// Clock is a clock that a test moves. It may be used by many goroutines at once.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at the present, to the second.
func NewClock() *Clock { return &Clock{now: time.Now().UTC().Truncate(time.Second)} }

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward.
func (c *Clock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// names makes names that no other fixture has.
type names struct{ prefix string }

func newNames() names { return names{prefix: rand.Text()[:12]} }

func (n names) topic(name string) ports.Topic { return ports.Topic(n.prefix + "/" + name) }

// success ends the check if a call that has to succeed did not.
func success(t tester, call string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", call, err)
	}
}

// refused reports a call that did not fail with the kind, as a *ports.Error.
func refused(t tester, call string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: got error %v, want %v", call, err, kind)
		return
	}
	if _, ok := errors.AsType[*ports.Error](err); !ok {
		t.Errorf("%s: the error is a %T, want a *ports.Error", call, err)
	}
}

// cancelled reports a call with a context that had ended which did not fail, or
// not as a failure of no kind.
func cancelled(t tester, call string, err error) {
	t.Helper()
	failed, ok := errors.AsType[*ports.Error](err)
	if !ok {
		t.Errorf("%s with a cancelled context: got error %v, want a *ports.Error", call, err)
		return
	}
	if failed.Kind != nil {
		t.Errorf("%s with a cancelled context: got kind %v, want none", call, failed.Kind)
	}
}

// endedContext is a context that has ended already.
func endedContext(t tester) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// together calls do n times at once and returns when all have returned.
func together(n int, do func(i int)) {
	var callers sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		callers.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	callers.Wait()
}

// brief is a value for a report, cut where it gets long.
func brief(value any) string { return fmt.Sprintf("%.400s", fmt.Sprintf("%+q", value)) }

// sameSet says whether two slices hold the same elements in any order.
func sameSet[E comparable](a, b []E) bool {
	left := make(map[E]int)
	for _, e := range a {
		left[e]++
	}
	for _, e := range b {
		left[e]--
	}
	return len(a) == len(b) && !slices.ContainsFunc(b, func(e E) bool { return left[e] != 0 })
}
