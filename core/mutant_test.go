package core_test

import (
	"bytes"
	"testing"

	"github.com/fanql/fanql/core/internal/delivery"
	"github.com/fanql/fanql/core/internal/run"
)

// mutant is an engine that shares too much.
type mutant struct {
	name   string
	mutate func(*delivery.Sharing)
}

func mutants() []mutant {
	return []mutant{
		{"ignores that the state was read", func(s *delivery.Sharing) {
			s.Scope = ignoring(s.Scope, run.EqualStates, run.Everyone)
		}},
		{"ignores that the ID was read", func(s *delivery.Sharing) {
			s.Scope = ignoring(s.Scope, run.OneCaller, run.EqualStates)
		}},
		{"ignores that the ID was read, among equal states", func(s *delivery.Sharing) {
			scope, ignores := s.Scope, ignoring(s.Scope, run.OneCaller, run.Everyone)
			s.Scope = func(x *run.Execution, equalStates bool) run.Scope {
				if equalStates {
					return ignores(x, equalStates)
				}
				return scope(x, equalStates)
			}
		}},
		{"shares between states", func(s *delivery.Sharing) {
			s.State = func([]byte) []byte { return nil }
		}},
		{"shares between variables", func(s *delivery.Sharing) {
			s.Request = func(request []byte) []byte {
				before, _, _ := bytes.Cut(request, []byte(`,"variables":`))
				return before
			}
		}},
	}
}

// ignoring is the scope of executions, but in place of one scope it is a wider one.
func ignoring(scope func(*run.Execution, bool) run.Scope, one, wider run.Scope) func(*run.Execution, bool) run.Scope {
	return func(x *run.Execution, equalStates bool) run.Scope {
		reach := scope(x, equalStates)
		if reach == one {
			return wider
		}
		return reach
	}
}

// TestSharingFailsForMutants checks FuzzSharing: its seeds find every engine that
// shares too much.
func TestSharingFailsForMutants(t *testing.T) {
	t.Parallel()
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			for seed := range sharingSeeds() {
				if s := newSharing(seed); len(s.differences(t, m.mutate)) > 0 {
					return
				}
			}
			t.Errorf("no seed of FuzzSharing finds an engine that %s", m.name)
		})
	}
}
