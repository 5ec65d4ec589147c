package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

var errNoVerdict = errors.New("no verdict on the event")

// StreamHandler is a Lambda function on the stream of the events table: what
// lambda.Start takes.
type StreamHandler = func(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error)

// StreamHandler returns the function that delivers what was published. The event
// source mapping must have ReportBatchItemFailures; records other than INSERT and
// MODIFY count as done.
//
// Topics are delivered one after the other, in the order of their first record:
// of one topic all that the batch has, in order. At the first that fails the
// handler stops and answers the lowest record that is to be delivered again, and
// Lambda repeats the batch from there. So no topic is ever reordered. What was
// delivered already of records after that one comes twice, but no more often
// than topics fail.
//
// A record that cannot be decoded is logged and skipped, because it would block
// its shard until it is a day old. ErrInvalid: the records are not of a DynamoDB
// stream, or the stream's view type leaves out new images, so that nothing can
// ever be delivered; the error names what came. There are no other errors.
//
// Positions have a fixed width and compare as strings, over all topics of a
// shard, and over the streams that the table has one after the other. Source: "Using DynamoDB Streams with Lambda", partial batch responses.
func (b *Backend) StreamHandler(deliver ports.DeliverFunc) StreamHandler {
	return func(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		var response events.DynamoDBEventResponse
		for _, record := range batch.Records {
			if err := checkSource(record); err != nil {
				return response, err
			}
		}
		all := b.runs(ctx, batch.Records)
		for i, r := range all {
			lowest, cause := r.deliver(ctx, deliver)
			if cause == nil {
				continue
			}
			b.logRepeated(ctx, batch.Records[lowest], cause)
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

// checkSource refuses records that this package's stream never has. Source: "Using
// DynamoDB Streams with Lambda" (eventSource), API reference (StreamViewType).
func checkSource(record events.DynamoDBEventRecord) error {
	if source := record.EventSource; source != "" && source != "aws:dynamodb" {
		return invalid("StreamHandler", fmt.Sprintf("a record of %s came, and records of a DynamoDB stream (aws:dynamodb) were expected", source))
	}
	switch types.StreamViewType(record.Change.StreamViewType) {
	case types.StreamViewTypeKeysOnly, types.StreamViewTypeOldImage:
		return invalid("StreamHandler", fmt.Sprintf("the stream %s has the view type %s, and needs NEW_IMAGE",
			record.EventSourceArn, record.Change.StreamViewType))
	}
	return nil
}

// logRepeated logs that a batch is to be delivered again from a record on.
func (b *Backend) logRepeated(ctx context.Context, record events.DynamoDBEventRecord, cause error) {
	level := slog.LevelError
	if errors.Is(cause, ports.ErrUnfinished) {
		level = slog.LevelInfo
	}
	b.logger.Log(ctx, level, "a batch of the stream is delivered again", "record", record.Change.SequenceNumber, "error", cause.Error())
}

// run is what a batch has of one topic, with the place of each event's record.
// Runs are in the order of their first record.
type run struct {
	events  []ports.Event
	records []int
}

// runs sorts a batch by topic.
func (b *Backend) runs(ctx context.Context, records []events.DynamoDBEventRecord) []*run {
	var all []*run
	byTopic := make(map[ports.Topic]*run)
	for place, record := range records {
		if record.EventName != string(events.DynamoDBOperationTypeInsert) && record.EventName != string(events.DynamoDBOperationTypeModify) {
			continue
		}
		decoded, err := decodeEvents(record.Change.NewImage)
		if err != nil {
			b.logger.ErrorContext(ctx, "a record of the stream is skipped", "record", record.Change.SequenceNumber, "error", err.Error())
			continue
		}
		for i, event := range decoded {
			event.Position = position(record, i)
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

// position is the mark of an event in a record: the stream's label, which is when the
// stream was enabled, and the record's place in it. So the positions of a new stream
// come after those of the one before. Sequence numbers are of up to 40 digits (API
// reference, StreamRecord and DescribeStream).
func position(record events.DynamoDBEventRecord, index int) string {
	_, label, _ := strings.Cut(record.EventSourceArn, "/stream/")
	number := record.Change.SequenceNumber
	return fmt.Sprintf("%s/%s%s.%06d", label, strings.Repeat("0", max(0, 40-len(number))), number, index)
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
