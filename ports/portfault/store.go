package portfault

import (
	"context"
	"time"

	"github.com/fanql/fanql/ports"
)

var _ ports.Store = (*Store)(nil)

// Store is a store that one process uses. It may be used by many goroutines at
// once.
type Store struct {
	process *Process
	inner   ports.Store
}

// Store wraps a store.
//
// Partial is to ListSubscribers a page of one subscriber, and to RemoveSubscribers
// that some of the rows are removed and the call fails; no other call has parts.
// Duplicate is to a call that writes a second call, whose answer the caller gets;
// DeleteConnection answers as the first did, because the second finds nothing. A
// MovePlace that raises the version is so ErrConflict, although it moved the place: as
// where a client asks again by itself.
// Reads and SaveCheckpoint have none, and neither has RemoveOperation, whose
// second call would leave a tombstone that the first need not.
func (p *Process) Store(inner ports.Store) *Store { return &Store{p, inner} }

// CreateConnection implements ports.ConnectionStore.
func (s *Store) CreateConnection(ctx context.Context, connection ports.Connection) error {
	do := plain(func(ctx context.Context) error { return s.inner.CreateConnection(ctx, connection) })
	return s.process.run(ctx, call[nothing]{
		name: "CreateConnection", subject: string(connection.Address.ID), do: do, repeated: twice(do),
	})
}

// GetConnection implements ports.ConnectionStore.
func (s *Store) GetConnection(ctx context.Context, id ports.ConnectionID) (ports.Connection, error) {
	return invoke(ctx, s.process, call[ports.Connection]{
		name: "GetConnection", subject: string(id),
		do: func(ctx context.Context) (ports.Connection, error) { return s.inner.GetConnection(ctx, id) },
	})
}

// InitConnection implements ports.ConnectionStore.
func (s *Store) InitConnection(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
	do := func(ctx context.Context) (ports.Connection, error) { return s.inner.InitConnection(ctx, id, init) }
	return invoke(ctx, s.process, call[ports.Connection]{
		name: "InitConnection", subject: string(id), do: do, repeated: twice(do),
	})
}

// TouchConnection implements ports.ConnectionStore.
func (s *Store) TouchConnection(ctx context.Context, id ports.ConnectionID, expiresAt time.Time) error {
	do := plain(func(ctx context.Context) error { return s.inner.TouchConnection(ctx, id, expiresAt) })
	return s.process.run(ctx, call[nothing]{name: "TouchConnection", subject: string(id), do: do, repeated: twice(do)})
}

// DeleteConnection implements ports.ConnectionStore.
func (s *Store) DeleteConnection(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
	do := func(ctx context.Context) (ports.Removed, error) { return s.inner.DeleteConnection(ctx, id) }
	return invoke(ctx, s.process, call[ports.Removed]{
		name: "DeleteConnection", subject: string(id), do: do, repeated: first(do),
	})
}

// AddOperation implements ports.SubscriptionStore.
func (s *Store) AddOperation(ctx context.Context, operation ports.Operation) error {
	do := plain(func(ctx context.Context) error { return s.inner.AddOperation(ctx, operation) })
	return s.process.run(ctx, call[nothing]{
		name: "AddOperation", subject: subject(operation.Ref), do: do, repeated: twice(do),
	})
}

// RemoveOperation implements ports.SubscriptionStore.
func (s *Store) RemoveOperation(ctx context.Context, ref ports.OperationRef, receivedAt time.Time) (bool, error) {
	do := func(ctx context.Context) (bool, error) { return s.inner.RemoveOperation(ctx, ref, receivedAt) }
	return invoke(ctx, s.process, call[bool]{
		name: "RemoveOperation", subject: subject(ref), do: do,
	})
}

// ListSubscribers implements ports.SubscriptionStore.
func (s *Store) ListSubscribers(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
	return invoke(ctx, s.process, call[ports.Page]{
		name: "ListSubscribers", subject: string(topic),
		do: func(ctx context.Context) (ports.Page, error) { return s.inner.ListSubscribers(ctx, topic, request) },
		part: func(ctx context.Context, _ fault) (ports.Page, error) {
			request.Limit = 1
			return s.inner.ListSubscribers(ctx, topic, request)
		},
	})
}

// GetSubscriber implements ports.SubscriptionStore.
func (s *Store) GetSubscriber(ctx context.Context, topic ports.Topic, ref ports.OperationRef) (ports.Subscriber, error) {
	return invoke(ctx, s.process, call[ports.Subscriber]{
		name: "GetSubscriber", subject: subject(ref),
		do: func(ctx context.Context) (ports.Subscriber, error) { return s.inner.GetSubscriber(ctx, topic, ref) },
	})
}

// MovePlace implements ports.SubscriptionStore.
func (s *Store) MovePlace(
	ctx context.Context, topic ports.Topic, ref ports.OperationRef, receivedAt time.Time, was uint64, now ports.Place,
) error {
	do := plain(func(ctx context.Context) error { return s.inner.MovePlace(ctx, topic, ref, receivedAt, was, now) })
	return s.process.run(ctx, call[nothing]{name: "MovePlace", subject: subject(ref), do: do, repeated: twice(do)})
}

// RemoveSubscribers implements ports.SubscriptionStore.
func (s *Store) RemoveSubscribers(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
	do := plain(func(ctx context.Context) error { return s.inner.RemoveSubscribers(ctx, topic, refs) })
	c := call[nothing]{name: "RemoveSubscribers", subject: string(topic), do: do, repeated: twice(do)}
	c.part = func(ctx context.Context, drawn fault) (nothing, error) {
		some := drawn.random.IntN(len(refs) + 1)
		if err := s.inner.RemoveSubscribers(ctx, topic, refs[:some]); err != nil {
			return nothing{}, err
		}
		return nothing{}, c.failure(nil, ErrInjected)
	}
	return s.process.run(ctx, c)
}

// SaveCheckpoint implements ports.SubscriptionStore.
func (s *Store) SaveCheckpoint(ctx context.Context, topic ports.Topic, checkpoint ports.Checkpoint) error {
	return s.process.run(ctx, call[nothing]{
		name: "SaveCheckpoint", subject: string(topic),
		do: plain(func(ctx context.Context) error { return s.inner.SaveCheckpoint(ctx, topic, checkpoint) }),
	})
}

// LoadCheckpoint implements ports.SubscriptionStore.
func (s *Store) LoadCheckpoint(ctx context.Context, topic ports.Topic) (ports.Checkpoint, error) {
	return invoke(ctx, s.process, call[ports.Checkpoint]{
		name: "LoadCheckpoint", subject: string(topic),
		do: func(ctx context.Context) (ports.Checkpoint, error) { return s.inner.LoadCheckpoint(ctx, topic) },
	})
}

func subject(ref ports.OperationRef) string { return string(ref.Connection) + "\x00" + string(ref.ID) }
