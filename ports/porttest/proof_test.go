package porttest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fault is one way to break an adapter, and the check that has to find it.
type fault[B any] struct {
	check  string
	breaks func(broken B)
}

// prove shows that the checks can pass and can fail: each passes on the adapter
// as it is, and fails on every adapter that is broken for it, of which there is
// at least one.
func prove[F, B any](t *testing.T, checks []check[F], faults []fault[B], fixture func(t *testing.T, breaks func(B)) F) {
	t.Helper()
	byCheck := make(map[string][]fault[B])
	for _, fault := range faults {
		byCheck[fault.check] = append(byCheck[fault.check], fault)
	}
	seen := make(map[string]bool)
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			if seen[check.name] {
				t.Errorf("two checks have this name")
			}
			seen[check.name] = true
			whole := fixture(t, func(B) {})
			for _, need := range check.needs {
				if !need.declared(whole) {
					t.Fatalf("the adapter that has to prove the check lacks %s", need.field)
				}
			}
			if found := try(t, check, whole); len(found) > 0 {
				t.Errorf("fails on a whole adapter: %q", found)
			}
			if len(byCheck[check.name]) == 0 {
				t.Errorf("no broken adapter proves that it can fail")
			}
			for i, fault := range byCheck[check.name] {
				found := try(t, check, fixture(t, fault.breaks))
				if len(found) == 0 {
					t.Errorf("does not find fault %d", i+1)
				}
			}
		})
	}
	for name := range byCheck {
		if !seen[name] {
			t.Errorf("there are faults for %q, which is no check", name)
		}
	}
}

// try runs a check and returns what it reported.
func try[F any](t *testing.T, check check[F], fixture F) []string {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	notes := &recorder{ctx: ctx}
	done := make(chan struct{})
	go func() { // Fatalf ends the goroutine.
		defer close(done)
		check.run(notes, fixture)
	}()
	<-done
	return notes.reports()
}

// recorder is a tester that takes notes.
type recorder struct {
	ctx context.Context //nolint:containedctx // It stands for testing.T, which has one.

	mu    sync.Mutex
	notes []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) reports() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.notes
}

// A check that needs what an adapter lacks is not tried, and the adapter is held to its word.
func TestLacks(t *testing.T) {
	for _, row := range []struct{ lacks, declared, tried, fails bool }{
		{declared: true, tried: true},
		{lacks: true},
		{fails: true},
		{lacks: true, declared: true, fails: true},
	} {
		t.Run(fmt.Sprintf("lacks %v, declared %v", row.lacks, row.declared), func(t *testing.T) {
			tooLarge := need[bool]{"TooLarge", func(declared bool) bool { return declared }}
			other := need[bool]{"Capacity", func(bool) bool { return true }}
			var lacks []string
			if row.lacks {
				lacks = []string{"TooLarge"}
			}
			for _, needs := range [][]need[bool]{{tooLarge}, {tooLarge, other}, {other, tooLarge}} {
				tried := false
				one := check[bool]{needs: needs, run: func(tester, bool) { tried = true }}
				notes := &recorder{ctx: t.Context()}
				one.try(notes, lacks, row.declared)
				if failed := len(notes.reports()) > 0; failed != row.fails || tried != row.tried {
					t.Errorf("failed %v and tried %v, want %v and %v", failed, tried, row.fails, row.tried)
				}
			}
		})
	}
}
