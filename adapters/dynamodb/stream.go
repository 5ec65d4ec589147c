package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fanql/fanql/ports"
)

var errNoVerdict = errors.New("no verdict on the event")

// StreamConfig is how a stream handler is made. The zero value is ready to use.
type StreamConfig struct {
	// OnSkipped, unless nil, is told of each record that holds no events of this
	// package's, and that is passed over.
	OnSkipped func(ctx context.Context, record events.DynamoDBEventRecord, cause error)
	// OnFailed, unless nil, is told of the first verdict for which a batch is to
	// be delivered again from the record on.
	OnFailed func(ctx context.Context, record events.DynamoDBEventRecord, cause error)
}

// StreamHandler is a Lambda function on the stream of a Bus's table.
type StreamHandler func(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error)

// NewStreamHandler returns the handler that delivers what a Bus published. The
// event source mapping must have ReportBatchItemFailures and the stream
// NEW_IMAGE; records other than INSERT and MODIFY count as done.
//
// Topics are delivered one after the other, in the order of their first record:
// of one topic all that the batch has, in order. At the first that fails the
// handler stops and answers the lowest record that is to be delivered again, and
// Lambda repeats the batch from there. So no topic is ever reordered. What was
// delivered already of records behind that one comes twice, but no more often
// than topics fail.
//
// A record that cannot be decoded is told to OnSkipped and passed over, because
// it would block its shard until it is a day old. The handler never returns an
// error.
//
// Positions have a fixed width and compare as strings, over all topics of a
// shard. Source: "Using DynamoDB Streams with Lambda", partial batch responses.
func NewStreamHandler(deliver ports.DeliverFunc, config StreamConfig) StreamHandler {
	return func(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		var response events.DynamoDBEventResponse
		all := runs(ctx, batch.Records, config.OnSkipped)
		for i, r := range all {
			lowest, cause := r.deliver(ctx, deliver)
			if cause == nil {
				continue
			}
			if config.OnFailed != nil {
				config.OnFailed(ctx, batch.Records[lowest], cause)
			}
			if i+1 < len(all) { // Its records are still to be delivered, too.
				lowest = min(lowest, all[i+1].records[0])
			}
			response.BatchItemFailures = []events.DynamoDBBatchItemFailure{
				{ItemIdentifier: batch.Records[lowest].Change.SequenceNumber},
			}
			break
		}
		return response, nil
	}
}

// run is what a batch has of one topic, with the place of each event's record.
// Runs are in the order of their first record.
type run struct {
	events  []ports.Event
	records []int
}

// runs sorts a batch by topic.
func runs(ctx context.Context, records []events.DynamoDBEventRecord,
	skipped func(context.Context, events.DynamoDBEventRecord, error),
) []*run {
	var all []*run
	byTopic := make(map[ports.Topic]*run)
	for place, record := range records {
		if record.EventName != string(events.DynamoDBOperationTypeInsert) && record.EventName != string(events.DynamoDBOperationTypeModify) {
			continue
		}
		decoded, err := decodeEvents(record.Change.NewImage)
		if err != nil {
			if skipped != nil {
				skipped(ctx, record, err)
			}
			continue
		}
		for i, event := range decoded {
			event.Position = position(record.Change.SequenceNumber, i)
			r := byTopic[event.Topic]
			if r == nil {
				r = &run{}
				byTopic[event.Topic] = r
				all = append(all, r)
			}
			r.events, r.records = append(r.events, event), append(r.records, place)
		}
	}
	return all
}

// position is the mark of an event in a record. Sequence numbers are of up to 40
// digits (API reference, StreamRecord).
func position(sequenceNumber string, index int) string {
	return fmt.Sprintf("%s%s.%06d", strings.Repeat("0", max(0, 40-len(sequenceNumber))), sequenceNumber, index)
}

// deliver returns the place of the first record that has an event to be delivered
// again, and why; no error when there is none.
func (r *run) deliver(ctx context.Context, deliver ports.DeliverFunc) (place int, cause error) {
	verdicts := deliver(ctx, r.events)
	for i, place := range r.records {
		if i >= len(verdicts) {
			return place, errNoVerdict
		}
		if verdicts[i] != nil {
			return place, verdicts[i]
		}
	}
	return 0, nil
}
