package core_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/ports"
)

// tappedStore is a memory store that takes notes of the calls and lets something
// happen between a call and its caller.
type tappedStore struct {
	*memory.Store
	// delay, unless nil, comes before and after every call.
	delay func()

	mu    sync.Mutex
	calls []string
	after map[string]func()
}

var (
	_ ports.ConnectionStore   = (*tappedStore)(nil)
	_ ports.SubscriptionStore = (*tappedStore)(nil)
)

// afterNext has something happen once, after the next call of that name.
func (s *tappedStore) afterNext(call string, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = map[string]func(){call: do}
}

// expectCalls checks what was called since it was asked last.
func (s *tappedStore) expectCalls(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.calls, want) {
		t.Errorf("the store was called with %q, want %q", s.calls, want)
	}
	s.calls = nil
}

// expectCalled checks how often something was called since it was asked last.
func (s *tappedStore) expectCalled(t *testing.T, call string, times int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	others := slices.DeleteFunc(slices.Clone(s.calls), func(c string) bool { return c == call })
	if got := len(s.calls) - len(others); got != times {
		t.Errorf("%s was called %d times, want %d", call, got, times)
	}
	s.calls = nil
}

// tap is deferred by every call; what it returns runs after it.
func (s *tappedStore) tap(call string) func() {
	if s.delay != nil {
		s.delay()
	}
	return func() {
		s.mu.Lock()
		s.calls = append(s.calls, call)
		do := s.after[call]
		delete(s.after, call)
		s.mu.Unlock()
		if do != nil {
			do()
		}
		if s.delay != nil {
			s.delay()
		}
	}
}

func (s *tappedStore) CreateConnection(ctx context.Context, connection ports.Connection) error {
	defer s.tap("CreateConnection")()
	return s.Store.CreateConnection(ctx, connection)
}

func (s *tappedStore) GetConnection(ctx context.Context, id ports.ConnectionID) (ports.Connection, error) {
	defer s.tap("GetConnection")()
	return s.Store.GetConnection(ctx, id)
}

func (s *tappedStore) InitConnection(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
	defer s.tap("InitConnection")()
	return s.Store.InitConnection(ctx, id, init)
}

func (s *tappedStore) TouchConnection(ctx context.Context, id ports.ConnectionID, expiresAt time.Time) error {
	defer s.tap("TouchConnection")()
	return s.Store.TouchConnection(ctx, id, expiresAt)
}

func (s *tappedStore) DeleteConnection(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
	defer s.tap("DeleteConnection")()
	return s.Store.DeleteConnection(ctx, id)
}

func (s *tappedStore) AddOperation(ctx context.Context, operation ports.Operation) error {
	defer s.tap("AddOperation")()
	return s.Store.AddOperation(ctx, operation)
}

func (s *tappedStore) RemoveOperation(ctx context.Context, ref ports.OperationRef, receivedAt time.Time) (bool, error) {
	defer s.tap("RemoveOperation")()
	return s.Store.RemoveOperation(ctx, ref, receivedAt)
}

func (s *tappedStore) ListSubscribers(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
	defer s.tap("ListSubscribers")()
	return s.Store.ListSubscribers(ctx, topic, request)
}

func (s *tappedStore) RemoveSubscribers(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
	defer s.tap("RemoveSubscribers")()
	return s.Store.RemoveSubscribers(ctx, topic, refs)
}
