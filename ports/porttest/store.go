package porttest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

// Store is what TestStore tries: one value with both contracts.
type Store interface {
	ports.ConnectionStore
	ports.SubscriptionStore
}

// StoreAdapter is a store to try.
type StoreAdapter struct {
	// New returns a store that goes by the clock. It is called once a subtest;
	// the stores may share their data.
	New func(t *testing.T, clock *Clock) Store
	// Reopen returns a second store on the data of the given one, as another
	// process would have it. Nil when data does not outlive its store.
	Reopen func(t *testing.T, clock *Clock, store Store) Store
	// TooLarge is a size in bytes of an operation's request that the backend
	// cannot keep; 0 when it keeps any.
	TooLarge int
	// Lacks names the fields of this type that are not set because the adapter has no
	// such thing: what needs them is not tried. A field that is both or neither fails.
	Lacks []string
}

// TestStore tries a store.
func TestStore(t *testing.T, adapter StoreAdapter) {
	t.Helper()
	run(t, storeChecks(), adapter.Lacks, adapter.fixture)
}

func storeChecks() []check[storeFixture] {
	return slices.Concat(connectionChecks(), addChecks(), removeChecks(), tombstoneChecks(),
		listingChecks(), placeChecks(), checkpointChecks(), errorChecks())
}

func (a StoreAdapter) fixture(t *testing.T) storeFixture {
	clock := NewClock()
	f := storeFixture{Store: a.New(t, clock), clock: clock, names: newNames(), tooLarge: a.TooLarge}
	if a.Reopen != nil {
		f.reopen = func() Store { return a.Reopen(t, clock, f.Store) }
	}
	return f
}

// storeFixture is a store with what checks need to talk to it.
type storeFixture struct {
	Store
	names
	clock    *Clock
	reopen   func() Store
	tooLarge int
}

// in is a time to come.
func (f storeFixture) in(d time.Duration) time.Time { return f.clock.Now().Add(d) }

// row is a connection with something in every field, which lasts an hour.
func (f storeFixture) row(name string) ports.Connection {
	return ports.Connection{
		Address:   ports.Address{ID: ports.ConnectionID(f.prefix + "-" + name), Endpoint: "https://example.com/" + name},
		Protocol:  "graphql-transport-ws",
		State:     []byte(`{"user":"` + name + ` <&>\u0000 ☃"}`),
		Identity:  "identity of " + name,
		NotAfter:  f.in(30 * time.Minute),
		ExpiresAt: f.in(time.Hour),
	}
}

// connect creates a connection and returns its row.
func (f storeFixture) connect(t tester, name string) ports.Connection {
	t.Helper()
	row := f.row(name)
	success(t, "CreateConnection", f.CreateConnection(t.Context(), row))
	return row
}

// operation is one with something in every field, received now.
func (f storeFixture) operation(on ports.Connection, id ports.OperationID, topics ...ports.Topic) ports.Operation {
	return ports.Operation{
		Ref:        ports.OperationRef{Connection: on.Address.ID, ID: id},
		Address:    on.Address,
		Protocol:   on.Protocol,
		Request:    []byte(`{"query":"subscription { a }"}`),
		State:      on.State,
		Filters:    []byte("filters"),
		Topics:     topics,
		ReceivedAt: f.clock.Now(),
		ExpiresAt:  on.ExpiresAt,
		NotAfter:   on.NotAfter,
	}
}

// add puts an operation in place and returns it.
func (f storeFixture) add(t tester, on ports.Connection, id ports.OperationID, topics ...ports.Topic) ports.Operation {
	t.Helper()
	operation := f.operation(on, id, topics...)
	success(t, fmt.Sprintf("AddOperation %.20q", id), f.AddOperation(t.Context(), operation))
	return operation
}

// addMany puts n operations on one connection in place.
func (f storeFixture) addMany(t tester, on ports.Connection, n int, topics ...ports.Topic) []ports.OperationRef {
	t.Helper()
	refs := make([]ports.OperationRef, n)
	for i := range refs {
		refs[i] = f.add(t, on, ports.OperationID(fmt.Sprintf("operation %d", i)), topics...).Ref
	}
	return refs
}

// remove ends an operation and expects the answer.
func (f storeFixture) remove(t tester, ref ports.OperationRef, receivedAt time.Time, want bool) {
	t.Helper()
	removed, err := f.RemoveOperation(t.Context(), ref, receivedAt)
	success(t, "RemoveOperation", err)
	if removed != want {
		t.Errorf("RemoveOperation: removed is %v, want %v", removed, want)
	}
}

// disconnect deletes a connection that has to be there.
func (f storeFixture) disconnect(t tester, id ports.ConnectionID) ports.Removed {
	t.Helper()
	removed, err := f.DeleteConnection(t.Context(), id)
	success(t, "DeleteConnection", err)
	if !removed.Found {
		t.Errorf("DeleteConnection: not found")
	}
	return removed
}

// page asks for one page of a listing.
func (f storeFixture) page(t tester, topic ports.Topic, request ports.PageRequest) ports.Page {
	t.Helper()
	page, err := f.ListSubscribers(t.Context(), topic, request)
	success(t, "ListSubscribers", err)
	if request.Limit > 0 && len(page.Subscribers) > request.Limit {
		t.Errorf("ListSubscribers: a page has %d subscribers, limit %d", len(page.Subscribers), request.Limit)
	}
	return page
}

// follow lists from a request to the end.
func (f storeFixture) follow(t tester, topic ports.Topic, request ports.PageRequest) []ports.Subscriber {
	t.Helper()
	var subscribers []ports.Subscriber
	seen := map[ports.Cursor]bool{}
	for {
		page := f.page(t, topic, request)
		subscribers = append(subscribers, page.Subscribers...)
		if page.Next == "" {
			return subscribers
		}
		if seen[page.Next] {
			t.Fatalf("ListSubscribers: a cursor came twice, the listing does not end")
		}
		seen[page.Next] = true
		request.After = page.Next
	}
}

// listed reports a topic whose listing does not have exactly these operations.
func (f storeFixture) listed(t tester, topic ports.Topic, want ...ports.OperationRef) {
	t.Helper()
	if got := refsOf(f.follow(t, topic, ports.PageRequest{})); !sameSet(got, want) {
		t.Errorf("the listing has %d operations: %s; want %d: %s", len(got), brief(got), len(want), brief(want))
	}
}

// holds reports a connection that does not read back as this row.
func (f storeFixture) holds(t tester, want ports.Connection) {
	t.Helper()
	got, err := f.GetConnection(t.Context(), want.Address.ID)
	success(t, "GetConnection", err)
	sameRow(t, got, want)
}

// absent reports a connection that is there.
func (f storeFixture) absent(t tester, id ports.ConnectionID) {
	t.Helper()
	_, err := f.GetConnection(t.Context(), id)
	refused(t, "GetConnection", err, ports.ErrNotFound)
}

func sameRow(t tester, got, want ports.Connection) {
	t.Helper()
	if got.Address != want.Address || got.Protocol != want.Protocol || !bytes.Equal(got.State, want.State) ||
		got.Identity != want.Identity || !got.NotAfter.Equal(want.NotAfter) ||
		got.Initialized != want.Initialized || !got.ExpiresAt.Equal(want.ExpiresAt) {
		t.Errorf("the connection is %s, want %s", brief(got), brief(want))
	}
}

func sameSubscriber(t tester, got ports.Subscriber, want ports.Operation) {
	t.Helper()
	if got.Ref != want.Ref || got.Address != want.Address || got.Protocol != want.Protocol ||
		!bytes.Equal(got.Request, want.Request) || !bytes.Equal(got.State, want.State) ||
		!bytes.Equal(got.Filters, want.Filters) || !got.NotAfter.Equal(want.NotAfter) ||
		!got.ReceivedAt.Equal(want.ReceivedAt) {
		t.Errorf("the subscriber is %s, want %s", brief(got), brief(want))
	}
}

func refsOf(subscribers []ports.Subscriber) []ports.OperationRef {
	refs := make([]ports.OperationRef, len(subscribers))
	for i, subscriber := range subscribers {
		refs[i] = subscriber.Ref
	}
	return refs
}

// exactlyOne reports n concurrent calls of which not one succeeded while the
// others failed with the kind.
func exactlyOne(t tester, call string, errs []error, kind error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, kind) {
			t.Errorf("%s: got error %v, want %v", call, err, kind)
		}
	}
	if won != 1 {
		t.Errorf("%s: %d of %d calls at once succeeded, want 1", call, won, len(errs))
	}
}
