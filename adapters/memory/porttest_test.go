package memory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

// docs:start store
func TestStoreContract(t *testing.T) {
	for _, pageSize := range []int{0, 3} {
		t.Run(fmt.Sprintf("page size %d", pageSize), func(t *testing.T) {
			porttest.TestStore(t, porttest.StoreAdapter{
				New: func(t *testing.T, clock *porttest.Clock) porttest.Store {
					backend, err := memory.New(memory.Config{Now: clock.Now, PageSize: pageSize})
					if err != nil {
						t.Fatal(err)
					}
					return backend
				},
				Lacks: []string{"Reopen", "TooLarge"},
			})
		})
	}
}

// docs:end store

func TestBusContract(t *testing.T) {
	for _, maxBatch := range []int{0, 1} {
		t.Run(fmt.Sprintf("batch size %d", maxBatch), func(t *testing.T) {
			adapter := porttest.BusAdapter{
				New: func(*testing.T) (ports.EventBus, ports.EventSource) {
					backend := must.Make(memory.New(memory.Config{
						MaxQueued: 200, MaxPayloadBytes: 50_000, MaxBatch: maxBatch,
						Backoff: func(int) time.Duration { return time.Millisecond },
					}))
					return backend, backend
				},
				Capacity: 200,
				TooLarge: 50_001,
			}
			porttest.TestBus(t, adapter)
			porttest.TestEventSource(t, adapter)
		})
	}
}

func TestHistoryContract(t *testing.T) {
	porttest.TestHistory(t, porttest.HistoryAdapter{
		New: func(_ *testing.T, clock *porttest.Clock) ports.History {
			return must.Make(memory.New(memory.Config{Now: clock.Now}))
		},
		Lose: func(_ *testing.T, clock *porttest.Clock, _ ports.History, _ ports.Topic) {
			clock.Advance(48 * time.Hour)
		},
		Lacks: []string{"Reopen", "TooLarge"},
	})
}

func TestPusherContract(t *testing.T) {
	porttest.TestPusher(t, porttest.PusherAdapter{
		New: func(*testing.T) (ports.Pusher, func() (ports.Address, porttest.Client)) {
			pusher, opened := must.Make(memory.NewPusher(memory.PusherConfig{MaxFrameBytes: 5000, MaxQueued: 20})), 0
			return pusher, func() (ports.Address, porttest.Client) {
				opened++
				socket := pusher.Open(ports.Address{ID: ports.ConnectionID(fmt.Sprint(opened))})
				return socket.Address(), client{socket}
			}
		},
		MaxFrame: 5000,
		Capacity: 20,
		Lacks:    []string{"Batcher"},
	})
}

// client is a socket in the suite's words.
type client struct{ socket *memory.Socket }

func (c client) Receive(ctx context.Context) ([]byte, error) {
	message, err := c.socket.Receive(ctx)
	if end, ok := errors.AsType[*memory.CloseError](err); ok {
		return nil, &porttest.Closed{Code: end.Code, Reason: end.Reason}
	}
	return message, err
}

func (c client) HangUp(context.Context) error {
	c.socket.HangUp()
	return nil
}
