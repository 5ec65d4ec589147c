package memory_test

import (
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/model"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

// TestModel plays random histories with faults; see internal/model.
func TestModel(t *testing.T) {
	model.Test(t, model.Adapter{Name: "memory", New: newModelBackend}, 300)
}

func newModelBackend(t *testing.T, history model.History) model.Backend {
	backend := must.Make(memory.New(memory.Config{
		Now:         history.Now,
		MaxAttempts: 1000, // nothing is given up
		Backoff:     func(int) time.Duration { return 10 * time.Millisecond },
	}))
	return model.Backend{
		Store:   func(*portfault.Process) ports.Store { return backend },
		Bus:     func(*portfault.Process) ports.EventBus { return backend },
		Source:  func(*portfault.Process) ports.EventSource { return backend },
		History: func(*portfault.Process) ports.History { return backend },
		Idle: func() {
			if err := backend.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		},
	}
}
