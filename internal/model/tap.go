package model

import (
	"context"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

// truth is what stands in the store, as seen behind all faults of the ports. It
// reports listings that have what they must not have.
type truth struct {
	world       *world
	forgetsRows bool

	mu sync.Mutex
	// placed is when an operation was in place.
	placed map[placement]int64
	// removed is when an operation had been removed.
	removed map[placement]int64
	// completed are the completes that were handled.
	completed map[ports.OperationRef][]completion
	// deleting are calls of DeleteConnection under way, deleted when the last of
	// them had succeeded; doubtful are connections of which one may have left rows.
	deleting map[ports.ConnectionID]int
	deleted  map[ports.ConnectionID]int64
	doubtful map[ports.ConnectionID]bool
	// listings are when the listings began that a cursor may continue.
	listings map[cursor]int64
}

// placement is an operation apart from others with its ID.
type placement struct {
	ref        ports.OperationRef
	receivedAt int64
}

type completion struct {
	receivedAt time.Time
	handled    int64
}

type cursor struct {
	topic ports.Topic
	after ports.Cursor
}

func newTruth(w *world) truth {
	return truth{
		world: w, placed: map[placement]int64{}, removed: map[placement]int64{}, completed: map[ports.OperationRef][]completion{},
		deleting: map[ports.ConnectionID]int{}, deleted: map[ports.ConnectionID]int64{},
		doubtful: map[ports.ConnectionID]bool{}, listings: map[cursor]int64{},
	}
}

// complete notes that a complete was handled.
func (t *truth) complete(ref ports.OperationRef, receivedAt time.Time) {
	at := t.world.tick()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.completed[ref] = append(t.completed[ref], completion{receivedAt, at})
}

// placedAt is when an operation was in place; 0 if it never was.
func (t *truth) placedAt(ref ports.OperationRef, receivedAt time.Time) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.placed[placement{ref, receivedAt.UnixNano()}]
}

// removedAt is when an operation had been removed; 0 if nobody knows.
func (t *truth) removedAt(ref ports.OperationRef, receivedAt time.Time) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.removed[placement{ref, receivedAt.UnixNano()}]
}

// tappedPusher is a pusher as an engine has it, faults included.
type tappedPusher struct {
	ports.Pusher
	world *world
}

// Close implements ports.Pusher.
func (p *tappedPusher) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	err := p.Pusher.Close(ctx, to, code, reason)
	p.world.note("Close %s: %v", to.ID, err)
	return err
}

// batcher is a transport that takes frames for many connections together: those of each
// connection in their order, and those of several at once.
type batcher struct{ ports.Pusher }

// PushAll implements ports.Batcher.
func (b batcher) PushAll(ctx context.Context, pushes []ports.Push) []ports.Pushed {
	results := make([]ports.Pushed, len(pushes))
	var connections sync.WaitGroup
	for i, push := range pushes {
		connections.Go(func() {
			for _, frame := range push.Frames {
				if results[i].Err = b.Push(ctx, push.To, frame); results[i].Err != nil {
					return
				}
				results[i].Accepted++
			}
		})
	}
	connections.Wait()
	return results
}

// tappedStore tells the truth.
type tappedStore struct {
	ports.Store
	truth *truth
}

// CreateConnection forgets that an engine deleted the connection before, because it
// did not know whether its creation had succeeded, and the transport asks again.
func (s *tappedStore) CreateConnection(ctx context.Context, connection ports.Connection) error {
	err := s.Store.CreateConnection(ctx, connection)
	if err == nil {
		s.truth.mu.Lock()
		defer s.truth.mu.Unlock()
		delete(s.truth.deleted, connection.Address.ID)
	}
	return err
}

func (s *tappedStore) AddOperation(ctx context.Context, operation ports.Operation) error {
	err := s.Store.AddOperation(ctx, operation)
	t := s.truth
	at := t.world.tick()
	t.world.note("AddOperation %v received %d: %v", operation.Ref, operation.ReceivedAt.UnixNano(), err)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := placement{operation.Ref, operation.ReceivedAt.UnixNano()}
	if t.placed[key] == 0 {
		t.placed[key] = at
	}
	return nil
}

func (s *tappedStore) RemoveOperation(ctx context.Context, ref ports.OperationRef, receivedAt time.Time) (bool, error) {
	removed, err := s.Store.RemoveOperation(ctx, ref, receivedAt)
	t := s.truth
	t.world.note("RemoveOperation %v received %d: %v %v", ref, receivedAt.UnixNano(), removed, err)
	if removed {
		at := t.world.tick()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.removed[placement{ref, receivedAt.UnixNano()}] = at
	}
	return removed, err
}

func (s *tappedStore) DeleteConnection(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
	t := s.truth
	t.mu.Lock()
	t.deleting[id]++
	t.mu.Unlock()
	removed, err := s.Store.DeleteConnection(ctx, id)
	at := t.world.tick()
	t.world.note("DeleteConnection %s: %v %v", id, removed.Operations, err)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.deleting[id]--
	switch {
	case err != nil || t.forgetsRows && !removed.Found:
		t.doubtful[id] = true
	case t.deleting[id] == 0 && t.deleted[id] == 0:
		t.deleted[id] = at
	}
	return removed, err
}

func (s *tappedStore) ListSubscribers(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
	t := s.truth
	begun := t.world.tick()
	if request.After != "" {
		begun = t.listing(cursor{topic, request.After})
	}
	page, err := s.Store.ListSubscribers(ctx, topic, request)
	t.world.note("ListSubscribers %s since %d: %s %v", topic, begun, refs(page), err)
	if err != nil {
		return page, err
	}
	t.listed(cursor{topic, page.Next}, begun)
	for _, subscriber := range page.Subscribers {
		t.check(subscriber, begun)
	}
	return page, nil
}

// listing is when the listing began that goes on from here.
func (t *truth) listing(at cursor) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.listings[at]
}

// listed notes where a listing goes on. Of several that go on from there it keeps
// the first.
func (t *truth) listed(next cursor, begun int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if former, ok := t.listings[next]; next.after != "" && (!ok || begun < former) {
		t.listings[next] = begun
	}
}

// check reports a subscriber that a listing must not have which began then.
func (t *truth) check(subscriber ports.Subscriber, begun int64) {
	t.mu.Lock()
	completed := t.completed[subscriber.Ref]
	deleted := t.deleted[subscriber.Ref.Connection]
	doubtful := t.doubtful[subscriber.Ref.Connection] || t.forgetsRows && t.deleting[subscriber.Ref.Connection] > 0
	t.mu.Unlock()
	if doubtful { // what a deletion has left that failed half-way or is under way, until it is met
		return
	}
	for _, c := range completed {
		if c.handled < begun && !subscriber.ReceivedAt.After(c.receivedAt) {
			t.world.violated("complete takes effect: %v was completed at %d, and a listing that began at %d has it",
				subscriber.Ref, c.handled, begun)
		}
	}
	if deleted > 0 && deleted < begun {
		t.world.violated("no row after disconnect: %s was deleted at %d, and a listing that began at %d has %v",
			subscriber.Ref.Connection, deleted, begun, subscriber.Ref)
	}
}

func refs(page ports.Page) []ports.OperationRef {
	list := make([]ports.OperationRef, len(page.Subscribers))
	for i, subscriber := range page.Subscribers {
		list[i] = subscriber.Ref
	}
	return list
}
