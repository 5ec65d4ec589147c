package memory_test

import (
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/model"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

// TestModel plays random histories with faults; see internal/model.
func TestModel(t *testing.T) {
	model.Test(t, model.Adapter{Name: "memory", New: newModelBackend}, 300)
}

func newModelBackend(t *testing.T, history model.History) model.Backend {
	store := memory.NewStore(memory.StoreConfig{Now: history.Now})
	bus := memory.NewBus(memory.BusConfig{
		MaxAttempts: 1000, // nothing is given up
		Backoff:     func(int) time.Duration { return 10 * time.Millisecond },
	})
	return model.Backend{
		Store:  func(*portfault.Process) portfault.Stores { return store },
		Bus:    func(*portfault.Process) ports.EventBus { return bus },
		Source: func(*portfault.Process) ports.EventSource { return bus },
		Idle: func() {
			if err := bus.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		},
	}
}
