//go:build integration

package dynamodb_test

import (
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/ports"
)

// counting is a fixture whose requests are counted.
func counting(t *testing.T) (fixture, *recorder) {
	t.Helper()
	f, counted := newFixture(t), &recorder{}
	f.Backend = newBackend(t, dynamodb.Config{Client: counted.client(), Tables: f.tables, Now: f.clock.Now})
	return f, counted
}

func (r *recorder) want(t *testing.T, what, requests string) {
	t.Helper()
	if got := r.take().summary(); got != requests {
		t.Errorf("%s makes %s, want %s", what, got, requests)
	}
}

func TestRowOfALiveSubscriberHasNoPlace(t *testing.T) {
	f, counted := counting(t)
	operation := f.operation("1", "a", "b")
	operation.From = map[ports.Topic]ports.Mark{"b": {Epoch: "e", Position: "7"}}
	success(t, f.AddOperation(t.Context(), operation))
	counted.want(t, "AddOperation", "1 TransactWriteItems")
	for _, row := range scan(t, f.tables.Subscriptions) {
		topic := textOf(row["event"])
		if row["version"] != nil || (row["from"] != nil) != (topic == "b") {
			t.Errorf("the row of %q has the place %v, %v", topic, row["from"], row["version"])
		}
	}
}

func TestPlaceMovesInOneRequest(t *testing.T) {
	f, counted := counting(t)
	operation := f.operation("1", "a")
	success(t, f.AddOperation(t.Context(), operation))
	counted.take()
	move := func(was uint64, place ports.Place) error {
		return f.MovePlace(t.Context(), "a", operation.Ref, operation.ReceivedAt, was, place)
	}
	behind := ports.Place{From: ports.Mark{Epoch: "e", Position: "7\x00"}, Version: 1<<64 - 1}
	success(t, move(0, behind))
	counted.want(t, "MovePlace", "1 UpdateItem")
	refused(t, move(0, behind), ports.ErrConflict)
	counted.want(t, "MovePlace with another version", "1 UpdateItem")
	subscriber, err := f.GetSubscriber(t.Context(), "a", operation.Ref)
	success(t, err)
	counted.want(t, "GetSubscriber", "1 GetItem")
	if subscriber.Place != behind {
		t.Errorf("the place is %+v, want %+v", subscriber.Place, behind)
	}
	f.clock.Advance(2 * time.Hour)
	refused(t, move(1<<64-1, behind), ports.ErrNotFound)
	counted.want(t, "MovePlace of a row that has expired", "1 UpdateItem")
}

// TestOperationAgainLeavesItsPlaces: of an operation that is added again only the rows
// that are gone are written.
func TestOperationAgainLeavesItsPlaces(t *testing.T) {
	f, counted := counting(t)
	operation := f.operation("1", "a", "b", "c")
	success(t, f.AddOperation(t.Context(), operation))
	behind := ports.Place{From: ports.Mark{Epoch: "e", Position: "7"}, Version: 1}
	for _, topic := range []ports.Topic{"a", "c"} {
		success(t, f.MovePlace(t.Context(), topic, operation.Ref, operation.ReceivedAt, 0, behind))
	}
	success(t, f.RemoveSubscribers(t.Context(), "b", []ports.OperationRef{operation.Ref}))
	counted.take()
	success(t, f.AddOperation(t.Context(), operation))
	counted.want(t, "AddOperation again, a row is gone", "2 TransactWriteItems")
	success(t, f.AddOperation(t.Context(), operation))
	counted.want(t, "AddOperation again", "1 TransactWriteItems, 1 UpdateItem")
	for topic, want := range map[ports.Topic]ports.Place{"a": behind, "b": {}, "c": behind} {
		subscriber, err := f.GetSubscriber(t.Context(), topic, operation.Ref)
		success(t, err)
		if subscriber.Place != want {
			t.Errorf("the place on %s is %+v, want %+v", topic, subscriber.Place, want)
		}
	}
}

// TestRowOfAnOperationThatEndedIsReplaced: a crash can leave one behind.
func TestRowOfAnOperationThatEndedIsReplaced(t *testing.T) {
	f := newFixture(t)
	before := f.operation("1", "a")
	success(t, f.AddOperation(t.Context(), before))
	behind := ports.Place{From: ports.Mark{Epoch: "e", Position: "7"}, Version: 1}
	success(t, f.MovePlace(t.Context(), "a", before.Ref, before.ReceivedAt, 0, behind))
	left := scan(t, f.tables.Subscriptions)[0]
	_, err := f.DeleteConnection(t.Context(), "connection")
	success(t, err)
	put(t, f.tables.Subscriptions, left)
	success(t, f.CreateConnection(t.Context(), f.connection))
	f.clock.Advance(time.Second)
	after := f.operation("1", "a")
	success(t, f.AddOperation(t.Context(), after))
	subscriber, err := f.GetSubscriber(t.Context(), "a", after.Ref)
	success(t, err)
	if subscriber.Place != (ports.Place{}) || !subscriber.ReceivedAt.Equal(after.ReceivedAt) {
		t.Errorf("the row is %+v, want that of the second operation", subscriber)
	}
	refused(t, f.MovePlace(t.Context(), "a", before.Ref, before.ReceivedAt, 0, behind), ports.ErrNotFound)
}
