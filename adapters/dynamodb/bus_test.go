//go:build integration

package dynamodb_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/ports"
)

// consume delivers what the stream has until the event that is named "end".
func consume(t *testing.T, table string) (ids []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	success(t, newSource(table).Consume(ctx, func(_ context.Context, events []ports.Event) []error {
		for _, event := range events {
			if ids = append(ids, event.ID); event.ID == "end" {
				cancel()
			}
		}
		return make([]error, len(events))
	}))
	return ids
}

func TestEventsThatDoNotFitOneItemStayInOrder(t *testing.T) {
	tables := newTables(t)
	bus := newBackend(t, dynamodb.Config{Tables: tables})
	var events []ports.Event
	var want []string
	for i := range 8 {
		want = append(want, fmt.Sprint(i))
		events = append(events, ports.Event{ID: fmt.Sprint(i), Topic: "topic", Payload: make([]byte, 150<<10)})
	}
	success(t, bus.Publish(t.Context(), append(events, ports.Event{ID: "end", Topic: "topic"})...))
	if got := consume(t, tables.Events); !slices.Equal(got, append(want, "end")) {
		t.Errorf("delivered %q, want %q and end", got, want)
	}
}

// TestEventOfTheLargestSize: what the bus takes for fitting, DynamoDB takes.
func TestEventOfTheLargestSize(t *testing.T) {
	tables := newTables(t)
	bus := newBackend(t, dynamodb.Config{Tables: tables})
	size := 400 << 10
	for ; ; size-- {
		err := bus.Publish(t.Context(), ports.Event{ID: "end", Topic: "topic", Payload: make([]byte, size)})
		if err == nil {
			break
		}
		refused(t, err, ports.ErrTooLarge)
	}
	if size < 400<<10-200 {
		t.Errorf("the largest payload has %d bytes, want nearly 400 KB", size)
	}
}

// TestLostAnswerToAPublish: the item is there already, and the stream is silent
// about a write that changes nothing.
func TestLostAnswerToAPublish(t *testing.T) {
	tables, f := newTables(t), &faults{}
	bus := newBackend(t, dynamodb.Config{Client: f.patient(), Tables: tables})
	for _, id := range []string{"1", "2", "end"} {
		f.set(func(f *faults) { f.lose = once("PutItem") })
		success(t, bus.Publish(t.Context(), ports.Event{ID: id, Topic: "topic"}))
		if got := f.count("PutItem"); got != 2 {
			t.Errorf("%d attempts, want 2", got)
		}
	}
	if got := consume(t, tables.Events); !slices.Equal(got, []string{"1", "2", "end"}) {
		t.Errorf("delivered %q, want 1, 2, end", got)
	}
}

func TestThrottledPublish(t *testing.T) {
	tables, f := newTables(t), &faults{}
	bus := newBackend(t, dynamodb.Config{Client: f.client(), Tables: tables, Random: func() float64 { return 0 }})
	throttled := &smithy.GenericAPIError{Code: "ProvisionedThroughputExceededException"}
	publish := func(first int) error {
		f.set(func(f *faults) {
			f.refuse = func(string) error {
				if first--; first >= 0 {
					return nil
				}
				return throttled
			}
		})
		return bus.Publish(t.Context(), ports.Event{Topic: "a"}, ports.Event{Topic: "b"})
	}
	refused(t, publish(0), ports.ErrThrottled)
	var failed *ports.Error
	if err := publish(1); !errors.As(err, &failed) || failed.Kind != nil || !errors.Is(err, throttled) {
		t.Errorf("after one topic was written: got error %v, want one without a kind", err)
	}
}

// A catch-up of a subscriber that the store has taken fits the bus, whatever ID its client
// has given the operation.
func TestCatchUpOfALongOperationIDFits(t *testing.T) {
	f := newFixture(t)
	id := strings.Repeat("<", 70_000)
	operation := f.operation(ports.OperationID(id), "topic")
	success(t, f.AddOperation(t.Context(), operation))
	payload, err := json.Marshal(map[string]any{"rows": []map[string]any{{"connection": "connection", "operation": []byte(id)}}}) // As core writes it.
	success(t, err)
	err = f.Publish(t.Context(), ports.Event{ID: "1", Topic: "topic", Kind: ports.EventCatchUp, Payload: payload, Time: f.clock.Now()})
	if err != nil {
		t.Errorf("a catch-up of %d bytes: %v", len(payload), err)
	}
}
