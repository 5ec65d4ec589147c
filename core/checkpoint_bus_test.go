package core_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// invocations has every delivery take place in an invocation of its own, which
// has time for so many pushes, each of a second, before the reserve is touched.
type invocations struct {
	*fan
	now    *time.Time
	pushes int
	count  int
	// meanwhile, unless nil, happens during the first.
	meanwhile func()
}

func (i *invocations) deliver(ctx context.Context, batch []ports.Event) []error {
	i.count++
	if i.count > 1000 {
		i.t.Error("the delivery does not end")
		return make([]error, len(batch))
	}
	if i.count == 1 && i.meanwhile != nil {
		i.meanwhile()
	}
	return i.Deliver(invocation{ctx, i.now.Add(time.Duration(i.pushes)*time.Second + time.Second)}, batch)
}

// results is what a client has to receive of the events with these texts.
func results(texts ...string) []string {
	frames := make([]string, len(texts))
	for i, text := range texts {
		frames[i] = next("1", "feed", text)
	}
	return frames
}

// What the memory bus hands over again is delivered to the others only, in order,
// although more is published meanwhile; and it counts as no attempt.
func TestDeliveryGoesOnBehindTheMemoryBus(t *testing.T) {
	const subscribers, pages = 11, 4
	for pushes := range 3*subscribers + 2 {
		t.Run(fmt.Sprintf("%d pushes an invocation", pushes), func(t *testing.T) {
			f, clients, now := clocked(t, subscribers)
			bus := must.Make(memory.New(memory.Config{
				MaxBatch: 3, MaxAttempts: 1,
				Backoff:   func(int) time.Duration { return 0 },
				OnDropped: func(event ports.Event, verdict error) { t.Errorf("%s was dropped: %v", event.Payload, verdict) },
			})).Bus
			publish := func(texts ...string) {
				for _, text := range texts {
					if err := bus.Publish(t.Context(), feedEvents(t, instruction{Text: text})...); err != nil {
						t.Error(err)
					}
				}
			}
			runs := &invocations{fan: f, now: now, pushes: pushes}
			runs.meanwhile = func() { publish("c", "d") }
			publish("a", "b")
			consume(t, bus, runs.deliver)
			consume(t, bus, runs.deliver) // what came meanwhile, if it is still there
			for _, client := range clients {
				equalFrames(t, f.pushed.take(client.ID), results("a", "b", "c", "d"))
			}
			if runs.count > 4*pages {
				t.Errorf("it took %d invocations for four events and %d pages: one got no further", runs.count, pages)
			}
		})
	}
}

// consume delivers until the bus is empty.
func consume(t *testing.T, bus *memory.Bus, deliver ports.DeliverFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	consumed := make(chan error)
	go func() { consumed <- bus.Consume(ctx, deliver) }()
	if err := bus.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-consumed; err != nil {
		t.Error(err)
	}
}

// What the stream's handler reports is handed over again as an event source
// mapping does, from the lowest failure on, with what has come since.
func TestDeliveryGoesOnBehindADynamoDBStream(t *testing.T) {
	const subscribers, pages = 11, 4
	records := []events.DynamoDBEventRecord{
		streamRecord(t, 1, "feed", "a", "b"), streamRecord(t, 2, "empty", "x"), streamRecord(t, 3, "feed", "c"),
		streamRecord(t, 4, "feed", "d"), streamRecord(t, 5, "empty", "y"), streamRecord(t, 6, "feed", "e", "f"),
	}
	for pushes := range 3*subscribers + 2 {
		for _, window := range []int{1, 3, len(records)} {
			t.Run(fmt.Sprintf("%d pushes an invocation, %d records", pushes, window), func(t *testing.T) {
				f, clients, now := clocked(t, subscribers)
				runs := &invocations{fan: f, now: now, pushes: pushes}
				backend, err := dynamodb.New(dynamodb.Config{Client: sdk.New(sdk.Options{})})
				if err != nil {
					t.Fatal(err)
				}
				handle := backend.StreamHandler(runs.deliver)
				for open := records; len(open) > 0; {
					batch := open[:min(window, len(open))]
					response, err := handle(t.Context(), events.DynamoDBEvent{Records: batch})
					if err != nil {
						t.Fatal(err)
					}
					open = open[delivered(batch, response):]
				}
				for _, client := range clients {
					equalFrames(t, f.pushed.take(client.ID), results("a", "b", "c", "d", "e", "f"))
				}
				if most := (pages + 1) * len(records); runs.count > most {
					t.Errorf("it took %d deliveries for %d records and %d pages", runs.count, len(records), pages)
				}
			})
		}
	}
}

// delivered is how many records of a batch a mapping does not hand over again.
func delivered(batch []events.DynamoDBEventRecord, response events.DynamoDBEventResponse) int {
	done := len(batch)
	for _, failure := range response.BatchItemFailures {
		done = min(done, slices.IndexFunc(batch, func(record events.DynamoDBEventRecord) bool {
			return record.Change.SequenceNumber == failure.ItemIdentifier
		}))
	}
	return done
}

// streamRecord is a record as Lambda hands it over, of an item that a Bus wrote.
func streamRecord(t *testing.T, number int, topic string, texts ...string) events.DynamoDBEventRecord {
	t.Helper()
	list := make([]string, len(texts))
	for i, text := range texts {
		payload, _ := json.Marshal(instruction{Text: text})
		list[i] = fmt.Sprintf(`{"M": {"id": {"S": "%s"}, "kind": {"S": "data"}, "payload": {"B": %q}, "time": {"N": "1735689600000000000"}}}`,
			text, base64.StdEncoding.EncodeToString(payload))
	}
	var record events.DynamoDBEventRecord
	err := json.Unmarshal(fmt.Appendf(nil, `{
		"eventID": "c81e728d9d4c2f636f067f89cc14862c", "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
		"awsRegion": "us-east-1", "dynamodb": {
			"ApproximateCreationDateTime": 1735689600, "Keys": {"id": {"S": %[2]q}}, "SequenceNumber": "%[1]d00000000012345678901",
			"SizeBytes": 300, "StreamViewType": "NEW_IMAGE",
			"NewImage": {"id": {"S": %[2]q}, "ttl": {"N": "1735693200"}, "put": {"S": "PUT%[1]d"}, "events": {"L": [%[3]s]}}
		}}`, number, topic, strings.Join(list, ", ")), &record)
	if err != nil {
		t.Fatal(err)
	}
	return record
}
