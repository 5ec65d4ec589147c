package dynamodb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/ports"
)

// record is one of the stream: the number and the events, by topic and ID.
func record(t *testing.T, number int, topic ports.Topic, ids ...string) events.DynamoDBEventRecord {
	t.Helper()
	list := make([]ports.Event, len(ids))
	for i, id := range ids {
		list[i] = ports.Event{ID: id, Topic: topic, Kind: ports.EventData}
	}
	return events.DynamoDBEventRecord{
		EventName: "MODIFY",
		Change: events.DynamoDBStreamRecord{
			SequenceNumber: fmt.Sprint(number), NewImage: imageOf(packed(t, list...)[0]),
		},
	}
}

// stream tries a handler: it delivers a batch, fails the events that are to fail,
// and returns those that were delivered and the answer.
type stream struct {
	fails     []string
	delivered []string
	positions []string
	// logged are messages, each with its record.
	logged []string
}

const (
	skippedMessage  = "a record of the stream is skipped"
	repeatedMessage = "a batch of the stream is delivered again"
)

// unconnected is a backend that makes no requests.
func unconnected(t testing.TB) *Backend {
	t.Helper()
	backend, err := New(Config{Client: dynamodb.New(dynamodb.Options{}), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return backend
}

// Write implements io.Writer for a logger: it is called once a message.
func (s *stream) Write(line []byte) (int, error) {
	var logged struct{ Msg, Record string }
	if err := json.Unmarshal(line, &logged); err != nil {
		return 0, err
	}
	s.logged = append(s.logged, logged.Msg+" "+logged.Record)
	return len(line), nil
}

func (s *stream) handle(t *testing.T, records ...events.DynamoDBEventRecord) (again string) {
	t.Helper()
	backend := unconnected(t)
	backend.logger = slog.New(slog.NewJSONHandler(s, nil))
	handler := backend.StreamHandler(func(_ context.Context, list []ports.Event) []error {
		verdicts := make([]error, len(list))
		for i, event := range list {
			s.delivered = append(s.delivered, event.ID)
			s.positions = append(s.positions, event.Position)
			if slices.Contains(s.fails, event.ID) {
				verdicts[i] = errors.New("failed")
			}
		}
		return verdicts
	})
	response, err := handler(t.Context(), events.DynamoDBEvent{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	if len(response.BatchItemFailures) > 1 {
		t.Fatalf("%d failures are answered, want 1 at most", len(response.BatchItemFailures))
	}
	for _, failure := range response.BatchItemFailures {
		again = failure.ItemIdentifier
	}
	return again
}

func (s *stream) expect(t *testing.T, again, wantAgain string, delivered ...string) {
	t.Helper()
	if again != wantAgain {
		t.Errorf("to be delivered again from %q, want %q", again, wantAgain)
	}
	if !slices.Equal(s.delivered, delivered) {
		t.Errorf("delivered %q, want %q", s.delivered, delivered)
	}
}

func TestStreamDeliversEachTopicInOneCall(t *testing.T) {
	var calls [][]ports.Event
	handler := unconnected(t).StreamHandler(func(_ context.Context, list []ports.Event) []error {
		calls = append(calls, list)
		return make([]error, len(list))
	})
	_, err := handler(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
		record(t, 1, "a", "a1", "a2"), record(t, 2, "b", "b1"), record(t, 3, "a", "a3"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(calls) != 2 || len(calls[0]) != 3 || len(calls[1]) != 1 || calls[0][2].ID != "a3" {
		t.Errorf("got the calls %+v", calls)
	}
}

func TestStreamPositionsRise(t *testing.T) {
	var s stream
	s.expect(t, s.handle(t, record(t, 9, "a", "1", "2"), record(t, 10, "a", "3")), "", "1", "2", "3")
	if !slices.IsSorted(s.positions) || len(slices.Compact(slices.Clone(s.positions))) != 3 {
		t.Errorf("the positions are %q", s.positions)
	}
}

// TestPositionsOfANewStreamRise: its sequence numbers may begin anew.
func TestPositionsOfANewStreamRise(t *testing.T) {
	before, after := record(t, 9, "topic", "1"), record(t, 8, "topic", "2")
	const table = "arn:aws:dynamodb:eu-central-1:123456789012:table/events/stream/"
	before.EventSourceArn, after.EventSourceArn = table+"2026-03-04T05:06:07.890", table+"2026-11-01T00:00:00.000"
	var s stream
	s.handle(t, record(t, 10, "topic", "0"), before, after)
	if !slices.IsSorted(s.positions) || len(s.positions) != 3 {
		t.Errorf("the positions are %q", s.positions)
	}
}

func TestStreamRetriesFromTheLowestFailure(t *testing.T) {
	s := stream{fails: []string{"a2"}}
	again := s.handle(t, record(t, 1, "a", "a1"), record(t, 2, "a", "a2"), record(t, 3, "a", "a3"))
	s.expect(t, again, "2", "a1", "a2", "a3")
	if !slices.Equal(s.logged, []string{repeatedMessage + " 2"}) {
		t.Errorf("logged %q, want that the batch is repeated from record 2", s.logged)
	}
}

func TestStreamStopsAtATopicThatFails(t *testing.T) {
	s := stream{fails: []string{"b1"}}
	again := s.handle(t, record(t, 1, "a", "a1"), record(t, 2, "b", "b1"), record(t, 3, "c", "c1"))
	s.expect(t, again, "2", "a1", "b1")
}

// Records of a topic whose turn did not come may lie before the failure.
func TestStreamRetriesWhatItDidNotDeliver(t *testing.T) {
	s := stream{fails: []string{"a2"}}
	again := s.handle(t, record(t, 1, "a", "a1"), record(t, 2, "b", "b1"), record(t, 3, "a", "a2"))
	s.expect(t, again, "2", "a1", "a2")
}

func TestStreamNeedsAVerdictForEachEvent(t *testing.T) {
	handler := unconnected(t).StreamHandler(func(context.Context, []ports.Event) []error { return make([]error, 1) })
	response, err := handler(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
		record(t, 1, "a", "a1"), record(t, 2, "a", "a2"),
	}})
	if err != nil || len(response.BatchItemFailures) != 1 || response.BatchItemFailures[0].ItemIdentifier != "2" {
		t.Errorf("got %+v, %v, want record 2 to fail", response, err)
	}
}

func TestStreamPassesOverAPoisonedRecord(t *testing.T) {
	var s stream
	poisoned := record(t, 2, "a", "poisoned")
	poisoned.Change.NewImage["events"] = events.NewStringAttribute("x")
	s.expect(t, s.handle(t, record(t, 1, "a", "a1"), poisoned, record(t, 3, "a", "a2")), "", "a1", "a2")
	if !slices.Equal(s.logged, []string{skippedMessage + " 2"}) {
		t.Errorf("logged %q, want that record 2 is skipped", s.logged)
	}
}

func TestStreamIgnoresWhatTTLDeletes(t *testing.T) {
	var s stream
	removed := record(t, 2, "a", "removed")
	removed.EventName = "REMOVE"
	s.expect(t, s.handle(t, record(t, 1, "a", "a1"), removed), "", "a1")
	if len(s.logged) != 0 {
		t.Errorf("logged %q", s.logged)
	}
}

func TestStreamRefusesWhatItCanNeverDeliver(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*events.DynamoDBEventRecord)
		says   string
	}{
		"keys only": {
			func(r *events.DynamoDBEventRecord) { r.Change.StreamViewType, r.Change.NewImage = "KEYS_ONLY", nil },
			"view type KEYS_ONLY, and needs NEW_IMAGE",
		},
		"old images": {
			func(r *events.DynamoDBEventRecord) { r.Change.StreamViewType, r.Change.NewImage = "OLD_IMAGE", nil },
			"view type OLD_IMAGE, and needs NEW_IMAGE",
		},
		"a queue": {func(r *events.DynamoDBEventRecord) { r.EventSource = "aws:sqs" }, "aws:sqs"},
		"new images": {func(r *events.DynamoDBEventRecord) {
			r.EventSource, r.Change.StreamViewType = "aws:dynamodb", "NEW_IMAGE"
		}, ""},
		"new and old images": {func(r *events.DynamoDBEventRecord) { r.Change.StreamViewType = "NEW_AND_OLD_IMAGES" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			delivered := 0
			handler := unconnected(t).StreamHandler(func(_ context.Context, list []ports.Event) []error {
				delivered += len(list)
				return make([]error, len(list))
			})
			wrong := record(t, 2, "a", "a2")
			test.change(&wrong)
			_, err := handler(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record(t, 1, "a", "a1"), wrong}})
			if test.says == "" {
				if err != nil || delivered != 2 {
					t.Errorf("delivered %d, error %v; want 2 and none", delivered, err)
				}
				return
			}
			if !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), test.says) || delivered != 0 {
				t.Errorf("delivered %d, error %v; want none, and %q", delivered, err, test.says)
			}
		})
	}
}

func TestAnUnfinishedDeliveryIsNoErrorInTheLog(t *testing.T) {
	var log bytes.Buffer
	backend := unconnected(t)
	backend.logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))
	for cause, logged := range map[error]bool{ports.ErrUnfinished: false, errors.New("failed"): true} {
		log.Reset()
		_, err := backend.StreamHandler(func(context.Context, []ports.Event) []error { return []error{cause} })(
			t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record(t, 1, "a", "a1")}})
		if err != nil || log.Len() > 0 != logged {
			t.Errorf("%v: an error is logged: %q (%v), want %v", cause, &log, err, logged)
		}
	}
}

// TestStreamNeverReordersATopic delivers batches whose events fail at random, as
// Lambda does, and looks at first occurrences.
func TestStreamNeverReordersATopic(t *testing.T) {
	var records []events.DynamoDBEventRecord
	topics := []ports.Topic{"a", "b", "c"}
	next := map[ports.Topic]int{}
	for i := range 40 {
		topic := topics[(i*i+i/3)%len(topics)]
		next[topic]++
		records = append(records, record(t, i, topic, fmt.Sprintf("%s%03d", topic, next[topic])))
	}
	attempts := map[string]int{}
	var first []string
	for round := 0; len(records) > 0; round++ {
		if round > 1000 {
			t.Fatal("the batch never ends")
		}
		s := stream{}
		for i, r := range records {
			id := r.Change.NewImage["events"].List()[0].Map()["id"].String()
			if attempts[id]++; (i*7+round*3)%5 == 0 && attempts[id] < 4 {
				s.fails = append(s.fails, id)
			}
		}
		again := s.handle(t, records...)
		for _, id := range s.delivered {
			// An event after a failure of its topic may have been delivered already.
			if !slices.Contains(first, id) {
				first = append(first, id)
			}
		}
		at := slices.IndexFunc(records, func(r events.DynamoDBEventRecord) bool { return r.Change.SequenceNumber == again })
		if at < 0 {
			records = nil
		} else {
			records = records[at:]
		}
	}
	for _, topic := range topics {
		var ids []string
		for _, id := range first {
			if id[:1] == string(topic) {
				ids = append(ids, id)
			}
		}
		if !slices.IsSorted(ids) || len(ids) != next[topic] {
			t.Errorf("topic %s was first delivered as %q", topic, ids)
		}
	}
}
