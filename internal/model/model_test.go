package model_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/model"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

// mutant is an engine, or what is behind its ports, with one defect.
type mutant struct {
	name string
	// engine and backend, unless nil, are what the defect is in.
	engine  func(*core.Config)
	backend func(*model.Backend)
}

// TestEachFaultBreaksABrokenEngine: a fault that breaks nothing proves nothing.
// Every kind has an engine with a defect that this kind alone brings to light, and
// that nothing brings to light without it.
func TestEachFaultBreaksABrokenEngine(t *testing.T) {
	for kind, mutant := range map[portfault.Kind]mutant{
		portfault.Latency: {name: "takes silence for success", engine: func(config *core.Config) {
			config.Pusher = impatientPusher{config.Pusher}
		}},
		portfault.Throttled: {name: "ignores that a push was throttled", engine: func(config *core.Config) {
			config.Pusher = carelessPusher{config.Pusher}
		}},
		portfault.Timeout: {name: "takes a publication of unknown outcome for done", engine: func(config *core.Config) {
			config.Bus = optimisticBus{config.Bus}
		}},
		portfault.LostAnswer: {name: "publishes again what has no answer", engine: func(config *core.Config) {
			config.Bus = pessimisticBus{config.Bus}
		}},
		portfault.Partial: {name: "goes by the first verdict of a batch", backend: func(backend *model.Backend) {
			spoil(backend, func(deliver ports.DeliverFunc) ports.DeliverFunc {
				return func(ctx context.Context, events []ports.Event) []error {
					verdicts := deliver(ctx, events)
					for i := range verdicts {
						verdicts[i] = verdicts[0]
					}
					return verdicts
				}
			})
		}},
		portfault.Duplicate: {name: "takes a repetition for a conflict", backend: func(backend *model.Backend) {
			store := &literalStore{Store: backend.Store(nil), added: map[ports.OperationRef]time.Time{}}
			backend.Store = func(*portfault.Process) ports.Store { return store }
		}},
		portfault.Crash: {name: "acknowledges what was not delivered", backend: func(backend *model.Backend) {
			spoil(backend, func(deliver ports.DeliverFunc) ports.DeliverFunc {
				return func(ctx context.Context, events []ports.Event) []error {
					_ = deliver(ctx, events)
					return make([]error, len(events))
				}
			})
		}},
	} {
		t.Run(string(kind)+": "+mutant.name, func(t *testing.T) {
			rates := map[portfault.Kind]float64{kind: 0.1}
			if kind == portfault.Crash || kind == portfault.LostAnswer {
				rates[kind] = 0.02
			}
			_, violations := play(t, mutant, 500, rates)
			if len(violations) == 0 {
				t.Error("it was not noticed")
			} else {
				t.Logf("seed %d: %s", violations[0].Seed, violations[0].Problems[0])
			}
			if _, violations := play(t, mutant, 25, map[portfault.Kind]float64{}); len(violations) > 0 {
				t.Errorf("without that fault: %v", violations[0])
			}
		})
	}
}

func play(t *testing.T, spoiled mutant, histories int, rates map[portfault.Kind]float64) (model.Figures, []model.Violation) {
	adapter := model.Adapter{Name: "memory", New: func(t *testing.T, history model.History) model.Backend {
		backend := newBackend(t, history)
		if spoiled.backend != nil {
			spoiled.backend(&backend)
		}
		return backend
	}}
	return model.Play(t, adapter, model.Options{Seed: 1, Histories: histories, Enough: 1, Rates: rates, Break: spoiled.engine})
}

func newBackend(t *testing.T, history model.History) model.Backend {
	backend := must.Make(memory.New(memory.Config{
		Now: history.Now, MaxAttempts: 1000, Backoff: func(int) time.Duration { return 10 * time.Millisecond },
	}))
	return model.Backend{
		Store:   func(*portfault.Process) ports.Store { return backend },
		Bus:     func(*portfault.Process) ports.EventBus { return backend },
		Source:  func(*portfault.Process) ports.EventSource { return backend },
		History: func(*portfault.Process) ports.History { return backend },
		Idle:    func() { _ = backend.Flush(t.Context()) },
	}
}

// spoil has a bus do something to what it delivers with.
func spoil(backend *model.Backend, how func(ports.DeliverFunc) ports.DeliverFunc) {
	sound := backend.Source
	backend.Source = func(process *portfault.Process) ports.EventSource { return spoiledSource{sound(process), how} }
}

type spoiledSource struct {
	ports.EventSource
	how func(ports.DeliverFunc) ports.DeliverFunc
}

func (s spoiledSource) Consume(ctx context.Context, deliver ports.DeliverFunc) error {
	return s.EventSource.Consume(ctx, s.how(deliver))
}

type impatientPusher struct{ ports.Pusher }

func (p impatientPusher) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	err := p.Pusher.Push(short, to, frame)
	if short.Err() != nil {
		return nil
	}
	return err
}

type carelessPusher struct{ ports.Pusher }

func (p carelessPusher) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	if err := p.Pusher.Push(ctx, to, frame); !errors.Is(err, ports.ErrThrottled) {
		return err
	}
	return nil
}

type optimisticBus struct{ ports.EventBus }

func (b optimisticBus) Publish(ctx context.Context, events ...ports.Event) error {
	if err := b.EventBus.Publish(ctx, events...); errors.Is(err, ports.ErrThrottled) {
		return err
	}
	return nil
}

type pessimisticBus struct{ ports.EventBus }

func (b pessimisticBus) Publish(ctx context.Context, events ...ports.Event) error {
	err := b.EventBus.Publish(ctx, events...)
	for err != nil && !errors.Is(err, ports.ErrThrottled) {
		err = b.EventBus.Publish(ctx, events...)
	}
	return err
}

// literalStore does not know an operation that it has.
type literalStore struct {
	ports.Store

	mu    sync.Mutex
	added map[ports.OperationRef]time.Time
}

func (s *literalStore) AddOperation(ctx context.Context, operation ports.Operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.added[operation.Ref].Equal(operation.ReceivedAt) {
		return &ports.Error{Op: "AddOperation", Kind: ports.ErrConflict}
	}
	err := s.Store.AddOperation(ctx, operation)
	if err == nil {
		s.added[operation.Ref] = operation.ReceivedAt
	}
	return err
}
