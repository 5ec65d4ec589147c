package memory

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// connect creates a connection that lasts for the given time.
func connect(t testing.TB, s *Store, id string, life time.Duration) ports.Connection {
	t.Helper()
	row := ports.Connection{Address: ports.Address{ID: ports.ConnectionID(id)}, ExpiresAt: time.Now().Add(life)}
	if err := s.CreateConnection(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	return row
}

// subscribe adds an operation that lasts for the given time.
func subscribe(t testing.TB, s *Store, connection, id string, life time.Duration, topics ...ports.Topic) ports.Operation {
	t.Helper()
	operation := ports.Operation{
		Ref:    ports.OperationRef{Connection: ports.ConnectionID(connection), ID: ports.OperationID(id)},
		Topics: topics, ReceivedAt: time.Now(), ExpiresAt: time.Now().Add(life),
	}
	if err := s.AddOperation(t.Context(), operation); err != nil {
		t.Fatal(err)
	}
	return operation
}

// rows is how many rows of any sort a store holds memory for.
func (s *Store) rows() int {
	n := len(s.connections) + len(s.topics) + len(s.checkpoints) + len(s.expiries.moments)
	for _, c := range s.connections {
		n += len(c.operations) + len(c.tombstones)
	}
	return n
}

func TestExpiredRowsAreFreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := must.Make(New(Config{})).Store
		for i := range 100 {
			id := fmt.Sprint(i)
			connect(t, s, id, time.Duration(i+1)*time.Minute)
			subscribe(t, s, id, "1", time.Hour, "t", ports.Topic(id))
			ref := ports.OperationRef{Connection: ports.ConnectionID(id), ID: "never there"}
			if _, err := s.RemoveOperation(t.Context(), ref, time.Now()); err != nil {
				t.Fatal(err)
			}
			checkpoint := ports.Checkpoint{ExpiresAt: time.Now().Add(time.Hour)}
			if err := s.SaveCheckpoint(t.Context(), ports.Topic(id), checkpoint); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Hour)
		connect(t, s, "the next write", time.Hour)
		if got, want := s.rows(), 2; got != want { // The connection, and when it expires.
			t.Errorf("the store holds %d rows, want %d", got, want)
		}
	})
}

func TestRemovedRowsAreFreed(t *testing.T) {
	s := must.Make(New(Config{})).Store
	for i := range 100 {
		id := fmt.Sprint(i)
		connect(t, s, id, time.Hour)
		operation := subscribe(t, s, id, "1", time.Hour, "t", "u")
		subscribe(t, s, id, "2", time.Hour, "t", ports.Topic(id))
		if removed, err := s.RemoveOperation(t.Context(), operation.Ref, time.Now()); err != nil || !removed {
			t.Fatalf("removed is %v, error %v", removed, err)
		}
		never := ports.OperationRef{Connection: ports.ConnectionID(id), ID: "never there"}
		if _, err := s.RemoveOperation(t.Context(), never, time.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.DeleteConnection(t.Context(), ports.ConnectionID(id)); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.rows(); got != 0 {
		t.Errorf("the store holds %d rows, want 0", got)
	}
}

func TestListingStaysInProportion(t *testing.T) {
	s := must.Make(New(Config{})).Store
	connect(t, s, "a", time.Hour)
	subscribe(t, s, "a", "stays", time.Hour, "t")
	for i := range 10_000 {
		operation := subscribe(t, s, "a", fmt.Sprint(i), time.Hour, "t")
		if _, err := s.RemoveOperation(t.Context(), operation.Ref, time.Now()); err != nil {
			t.Fatal(err)
		}
		if entries := len(s.topics["t"].entries); entries > 4 {
			t.Fatalf("the listing has %d entries for at most 2 operations", entries)
		}
	}
}

func TestOperationOutlivesItsConnectionUntilItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := must.Make(New(Config{})).Store
		connect(t, s, "a", time.Minute)
		operation := subscribe(t, s, "a", "1", time.Hour, "t")
		time.Sleep(2 * time.Minute)
		connect(t, s, "b", time.Hour)
		listed(t, s, "t", operation.Ref)
		removed, err := s.DeleteConnection(t.Context(), "a")
		if err != nil || removed.Found || len(removed.Operations) != 1 {
			t.Errorf("DeleteConnection: %+v, %v, want one operation and not found", removed, err)
		}
		listed(t, s, "t")
	})
}

func TestNewConnectionHasNoFormerOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := must.Make(New(Config{})).Store
		connect(t, s, "a", time.Minute)
		subscribe(t, s, "a", "1", time.Hour, "t")
		time.Sleep(2 * time.Minute)
		connect(t, s, "a", time.Hour)
		listed(t, s, "t")
		operation := subscribe(t, s, "a", "1", time.Hour, "u")
		listed(t, s, "u", operation.Ref)
	})
}

func TestRepetitionIsListedAgainAtItsPlace(t *testing.T) {
	s := must.Make(New(Config{})).Store
	connect(t, s, "a", time.Hour)
	first := subscribe(t, s, "a", "1", time.Hour, "t")
	second := subscribe(t, s, "a", "2", time.Hour, "t")
	third := subscribe(t, s, "a", "3", time.Hour, "t")
	for _, gone := range [][]ports.OperationRef{{second.Ref}, {first.Ref, second.Ref}} { // With and without an empty entry.
		if err := s.RemoveSubscribers(t.Context(), "t", gone); err != nil {
			t.Fatal(err)
		}
		for _, again := range []ports.Operation{second, first} {
			if err := s.AddOperation(t.Context(), again); err != nil {
				t.Fatal(err)
			}
		}
		listed(t, s, "t", first.Ref, second.Ref, third.Ref)
	}
}

func TestRepetitionCounts(t *testing.T) {
	s := must.Make(New(Config{})).Store
	connect(t, s, "a", time.Hour)
	first := subscribe(t, s, "a", "1", time.Hour, "t")
	second := subscribe(t, s, "a", "2", time.Hour, "t")
	if err := s.RemoveSubscribers(t.Context(), "t", []ports.OperationRef{first.Ref}); err != nil {
		t.Fatal(err)
	}
	if err := s.AddOperation(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveSubscribers(t.Context(), "t", []ports.OperationRef{second.Ref}); err != nil {
		t.Fatal(err)
	}
	listed(t, s, "t", first.Ref)
}

// listed expects just these, in this order.
func listed(t *testing.T, s *Store, topic ports.Topic, want ...ports.OperationRef) {
	t.Helper()
	page, err := s.ListSubscribers(t.Context(), topic, ports.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var got []ports.OperationRef
	for _, subscriber := range page.Subscribers {
		got = append(got, subscriber.Ref)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func TestCursorOfAnotherStoreIsInvalid(t *testing.T) {
	one, other := must.Make(New(Config{PageSize: 1})).Store, must.Make(New(Config{})).Store
	connect(t, one, "a", time.Hour)
	subscribe(t, one, "a", "1", time.Hour, "t")
	subscribe(t, one, "a", "2", time.Hour, "t")
	page, err := one.ListSubscribers(t.Context(), "t", ports.PageRequest{})
	if err != nil || page.Next == "" {
		t.Fatalf("got %+v, %v, want a second page", page, err)
	}
	_, err = other.ListSubscribers(t.Context(), "t", ports.PageRequest{After: page.Next})
	if !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("got error %v, want %v", err, ports.ErrInvalid)
	}
}

func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "1", "zz", "0", "01", "Z", "-1", "1_0", "zzzzzzzzzzzzzz", " ", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sequence, ok := parseCursor(ports.Cursor(text))
		if ok && text != "" && cursor(sequence) != ports.Cursor(text) {
			t.Errorf("%q is taken for %q", text, cursor(sequence))
		}
	})
}

func TestListingAllocatesOnce(t *testing.T) {
	s := filled(t, 10_000)
	allocations := testing.AllocsPerRun(10, func() {
		page, err := s.ListSubscribers(context.Background(), "t", ports.PageRequest{Limit: 10_000})
		if err != nil || len(page.Subscribers) != 10_000 {
			t.Fatalf("%d subscribers, error %v", len(page.Subscribers), err)
		}
	})
	if allocations != 1 {
		t.Errorf("a page costs %v allocations, want 1", allocations)
	}
}

// filled is a store with n subscribers of topic t, each on its own connection.
func filled(t testing.TB, n int) *Store {
	s := must.Make(New(Config{})).Store
	for i := range n {
		connect(t, s, fmt.Sprint(i), time.Hour)
		subscribe(t, s, fmt.Sprint(i), "1", time.Hour, "t")
	}
	return s
}

func BenchmarkListSubscribers(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("subscribers=%d", n), func(b *testing.B) {
			s := filled(b, n)
			b.ReportAllocs()
			for b.Loop() {
				var request ports.PageRequest
				for more := true; more; more = request.After != "" {
					page, err := s.ListSubscribers(b.Context(), "t", request)
					if err != nil {
						b.Fatal(err)
					}
					request.After = page.Next
				}
			}
		})
	}
}

func BenchmarkAddOperation(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("subscribers=%d", n), func(b *testing.B) {
			s := filled(b, n)
			connect(b, s, "new", time.Hour)
			operation := ports.Operation{
				Ref:    ports.OperationRef{Connection: "new", ID: "1"},
				Topics: []ports.Topic{"t"}, ReceivedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
			}
			b.ReportAllocs()
			for b.Loop() { // Adds and removes, so that n stays.
				if err := s.AddOperation(b.Context(), operation); err != nil {
					b.Fatal(err)
				}
				if _, err := s.RemoveOperation(b.Context(), operation.Ref, operation.ReceivedAt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkIdleConnection(b *testing.B) {
	s := must.Make(New(Config{})).Store
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	for b.Loop() {
		connect(b, s, fmt.Sprint(n), time.Hour)
		n++
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "heap-B/connection")
	runtime.KeepAlive(s)
}
