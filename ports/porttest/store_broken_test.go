package porttest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// tooLarge is over what a brokenStore keeps.
const tooLarge = 100_000

// brokenStore is a store in memory of which any method can be replaced. The
// replacement finds the whole one at Store.
type brokenStore struct {
	Store
	clock      *Clock
	create     func(context.Context, ports.Connection) error
	get        func(context.Context, ports.ConnectionID) (ports.Connection, error)
	init       func(context.Context, ports.ConnectionID, ports.Init) (ports.Connection, error)
	touch      func(context.Context, ports.ConnectionID, time.Time) error
	disconnect func(context.Context, ports.ConnectionID) (ports.Removed, error)
	add        func(context.Context, ports.Operation) error
	remove     func(context.Context, ports.OperationRef, time.Time) (bool, error)
	list       func(context.Context, ports.Topic, ports.PageRequest) (ports.Page, error)
	subscriber func(context.Context, ports.Topic, ports.OperationRef) (ports.Subscriber, error)
	move       func(context.Context, ports.Topic, ports.OperationRef, time.Time, uint64, ports.Place) error
	clear      func(context.Context, ports.Topic, []ports.OperationRef) error
	save       func(context.Context, ports.Topic, ports.Checkpoint) error
	load       func(context.Context, ports.Topic) (ports.Checkpoint, error)
	reopen     func() Store
}

func (b *brokenStore) CreateConnection(ctx context.Context, row ports.Connection) error {
	return b.create(ctx, row)
}

func (b *brokenStore) GetConnection(ctx context.Context, id ports.ConnectionID) (ports.Connection, error) {
	return b.get(ctx, id)
}

func (b *brokenStore) InitConnection(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
	return b.init(ctx, id, init)
}

func (b *brokenStore) TouchConnection(ctx context.Context, id ports.ConnectionID, at time.Time) error {
	return b.touch(ctx, id, at)
}

func (b *brokenStore) DeleteConnection(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
	return b.disconnect(ctx, id)
}

func (b *brokenStore) AddOperation(ctx context.Context, operation ports.Operation) error {
	return b.add(ctx, operation)
}

func (b *brokenStore) RemoveOperation(ctx context.Context, ref ports.OperationRef, at time.Time) (bool, error) {
	return b.remove(ctx, ref, at)
}

func (b *brokenStore) ListSubscribers(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
	return b.list(ctx, topic, request)
}

func (b *brokenStore) GetSubscriber(ctx context.Context, topic ports.Topic, ref ports.OperationRef) (ports.Subscriber, error) {
	return b.subscriber(ctx, topic, ref)
}

func (b *brokenStore) MovePlace(
	ctx context.Context, topic ports.Topic, ref ports.OperationRef, at time.Time, was uint64, now ports.Place,
) error {
	return b.move(ctx, topic, ref, at, was, now)
}

func (b *brokenStore) RemoveSubscribers(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
	return b.clear(ctx, topic, refs)
}

func (b *brokenStore) SaveCheckpoint(ctx context.Context, topic ports.Topic, row ports.Checkpoint) error {
	return b.save(ctx, topic, row)
}

func (b *brokenStore) LoadCheckpoint(ctx context.Context, topic ports.Topic) (ports.Checkpoint, error) {
	return b.load(ctx, topic)
}

// brokenStoreFixture is a store in memory with a limit of size, broken.
func brokenStoreFixture(t *testing.T, breaks func(*brokenStore)) storeFixture {
	adapter := StoreAdapter{
		New: func(_ *testing.T, clock *Clock) Store {
			inner := limitedStore{must.Make(memory.New(memory.Config{Now: clock.Now, PageSize: 30})).Store}
			b := &brokenStore{
				Store: inner, clock: clock, create: inner.CreateConnection, get: inner.GetConnection,
				init: inner.InitConnection, touch: inner.TouchConnection, disconnect: inner.DeleteConnection,
				add: inner.AddOperation, remove: inner.RemoveOperation, list: inner.ListSubscribers,
				subscriber: inner.GetSubscriber, move: inner.MovePlace, clear: inner.RemoveSubscribers, save: inner.SaveCheckpoint, load: inner.LoadCheckpoint,
				reopen: func() Store { return inner },
			}
			breaks(b)
			return b
		},
		Reopen: func(_ *testing.T, _ *Clock, store Store) Store {
			b, _ := store.(*brokenStore)
			return b.reopen()
		},
		TooLarge: tooLarge,
	}
	return adapter.fixture(t)
}

// limitedStore keeps no large operation.
type limitedStore struct{ *memory.Store }

func (s limitedStore) AddOperation(ctx context.Context, operation ports.Operation) error {
	if len(operation.Request) >= tooLarge {
		return broken(ports.ErrTooLarge)
	}
	return s.Store.AddOperation(ctx, operation)
}

// broken is an error of a broken adapter, right in its form.
func broken(kind error) error { return &ports.Error{Op: "broken", Kind: kind} }

// forgive is nil in place of an error of the kind.
func forgive(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

// The functions below each break one method in one way.

func createForgives(kind error) func(*brokenStore) {
	return func(b *brokenStore) {
		b.create = func(ctx context.Context, row ports.Connection) error {
			return forgive(b.Store.CreateConnection(ctx, row), kind)
		}
	}
}

func addForgives(kind error) func(*brokenStore) {
	return func(b *brokenStore) {
		b.add = func(ctx context.Context, operation ports.Operation) error {
			return forgive(b.Store.AddOperation(ctx, operation), kind)
		}
	}
}

func getEdits(edit func(b *brokenStore, row *ports.Connection)) func(*brokenStore) {
	return func(b *brokenStore) {
		b.get = func(ctx context.Context, id ports.ConnectionID) (ports.Connection, error) {
			row, err := b.Store.GetConnection(ctx, id)
			edit(b, &row)
			return row, err
		}
	}
}

func initEdits(edit func(b *brokenStore, init *ports.Init)) func(*brokenStore) {
	return func(b *brokenStore) {
		b.init = func(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
			edit(b, &init)
			return b.Store.InitConnection(ctx, id, init)
		}
	}
}

func initForgives(kind error) func(*brokenStore) {
	return func(b *brokenStore) {
		b.init = func(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
			row, err := b.Store.InitConnection(ctx, id, init)
			return row, forgive(err, kind)
		}
	}
}

func touchForgives(kind error) func(*brokenStore) {
	return func(b *brokenStore) {
		b.touch = func(ctx context.Context, id ports.ConnectionID, at time.Time) error {
			return forgive(b.Store.TouchConnection(ctx, id, at), kind)
		}
	}
}

func disconnectEdits(edit func(removed *ports.Removed)) func(*brokenStore) {
	return func(b *brokenStore) {
		b.disconnect = func(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
			removed, err := b.Store.DeleteConnection(ctx, id)
			edit(&removed)
			return removed, err
		}
	}
}

func addEdits(edit func(operation *ports.Operation)) func(*brokenStore) {
	return func(b *brokenStore) {
		b.add = func(ctx context.Context, operation ports.Operation) error {
			operation.Topics = slices.Clone(operation.Topics)
			edit(&operation)
			return b.Store.AddOperation(ctx, operation)
		}
	}
}

// addRefusesAgain refuses each operation ID that a connection had before.
func addRefusesAgain(b *brokenStore) {
	had := newSet[ports.OperationRef]()
	b.add = func(ctx context.Context, operation ports.Operation) error {
		if !had.put(operation.Ref) {
			return broken(ports.ErrConflict)
		}
		return b.Store.AddOperation(ctx, operation)
	}
}

func removeAnswers(answer func(removed bool) (bool, error)) func(*brokenStore) {
	return func(b *brokenStore) {
		b.remove = func(ctx context.Context, ref ports.OperationRef, at time.Time) (bool, error) {
			removed, err := b.Store.RemoveOperation(ctx, ref, at)
			if err != nil {
				return removed, err
			}
			return answer(removed)
		}
	}
}

func removeShifts(by time.Duration) func(*brokenStore) {
	return func(b *brokenStore) {
		b.remove = func(ctx context.Context, ref ports.OperationRef, at time.Time) (bool, error) {
			return b.Store.RemoveOperation(ctx, ref, at.Add(by))
		}
	}
}

func pageEdits(edit func(b *brokenStore, request ports.PageRequest, page *ports.Page)) func(*brokenStore) {
	return func(b *brokenStore) {
		b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
			page, err := b.Store.ListSubscribers(ctx, topic, request)
			edit(b, request, &page)
			return page, err
		}
	}
}

// pageDrops takes subscribers out of listings.
func pageDrops(drop func(b *brokenStore, subscriber ports.Subscriber) bool) func(*brokenStore) {
	return pageEdits(func(b *brokenStore, _ ports.PageRequest, page *ports.Page) {
		page.Subscribers = slices.DeleteFunc(page.Subscribers, func(s ports.Subscriber) bool { return drop(b, s) })
	})
}

// keyed keeps one of the subscribers of a topic that have the same key.
func keyed(key func(ref ports.OperationRef) string) func(*brokenStore) {
	return pageEdits(func(_ *brokenStore, _ ports.PageRequest, page *ports.Page) {
		had := newSet[string]()
		page.Subscribers = slices.DeleteFunc(page.Subscribers, func(s ports.Subscriber) bool { return !had.put(key(s.Ref)) })
	})
}

// haunted lists rows that should not be there: those of which the given
// functions, which may be nil, say so when they were added or their connection
// was deleted.
func haunted(added func(err error) bool, deleted func(nth int) bool) func(*brokenStore) {
	return func(b *brokenStore) {
		var mu sync.Mutex
		var operations, ghosts []ports.Operation
		b.add = func(ctx context.Context, operation ports.Operation) error {
			err := b.Store.AddOperation(ctx, operation)
			mu.Lock()
			defer mu.Unlock()
			operations = append(operations, operation)
			if added != nil && added(err) {
				ghosts = append(ghosts, operation)
			}
			return err
		}
		b.disconnect = func(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
			removed, err := b.Store.DeleteConnection(ctx, id)
			mu.Lock()
			defer mu.Unlock()
			for i, operation := range operations {
				if deleted != nil && slices.Contains(removed.Operations, operation.Ref) && deleted(i) {
					ghosts = append(ghosts, operation)
				}
			}
			return removed, err
		}
		b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
			page, err := b.Store.ListSubscribers(ctx, topic, request)
			mu.Lock()
			defer mu.Unlock()
			for _, ghost := range ghosts {
				listed := slices.ContainsFunc(page.Subscribers, func(s ports.Subscriber) bool { return s.Ref == ghost.Ref })
				if slices.Contains(ghost.Topics, topic) && !listed {
					page.Subscribers = append(page.Subscribers, ports.Subscriber{Ref: ghost.Ref})
				}
			}
			return page, err
		}
	}
}

func always(error) bool        { return true }
func onError(err error) bool   { return err != nil }
func onSuccess(err error) bool { return err == nil }

// set is what a broken adapter remembers.
type set[K comparable] struct {
	mu   sync.Mutex
	keys map[K]bool
}

func newSet[K comparable]() *set[K] { return &set[K]{keys: make(map[K]bool)} }

// put says whether the key is new.
func (s *set[K]) put(key K) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys[key] {
		return false
	}
	s.keys[key] = true
	return true
}

// table is a map that a broken adapter keeps.
type table[K comparable, V any] struct {
	mu   sync.Mutex
	rows map[K]V
}

func newTable[K comparable, V any]() *table[K, V] { return &table[K, V]{rows: make(map[K]V)} }

func (t *table[K, V]) put(key K, row V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[key] = row
}

func (t *table[K, V]) get(key K) (V, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	row, ok := t.rows[key]
	return row, ok
}
