package letters

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/ports"
)

// attempts is how often a batch is delivered before it has failed. A fan-out that is
// longer than an invocation takes several.
const attempts = 10

// Bucket is where the event source mapping of a stream's function keeps what was given
// up (DestinationConfig.OnFailure). Every field is required.
type Bucket struct {
	Objects *s3.Client
	// Name is the bucket's.
	Name      string
	Functions *lambda.Client
	// Function is the name of the stream's function.
	Function string
	// Read reads records as the function does: dynamodb.Backend.StreamHandler.
	Read func(ports.DeliverFunc) dynamodb.StreamHandler
}

// OfBucket are the batches in a bucket, the oldest first. Delivering one invokes the
// function with its records.
//
// Source of the objects' names and fields: "Retain discarded records for a DynamoDB
// event source in Lambda".
func OfBucket(bucket Bucket) Box { return bucketBox{bucket} }

type bucketBox struct{ Bucket }

// IDs lists the objects by their last names, which begin with the time at which a
// batch was given up. The folders above are those of mapping, shard and day.
func (b bucketBox) IDs(ctx context.Context) ([]string, error) {
	var keys []string
	pages := s3.NewListObjectsV2Paginator(b.Objects, &s3.ListObjectsV2Input{Bucket: &b.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the bucket %s: %w", b.Name, err)
		}
		for _, object := range page.Contents {
			keys = append(keys, aws.ToString(object.Key))
		}
	}
	slices.SortStableFunc(keys, func(a, b string) int { return strings.Compare(path.Base(a), path.Base(b)) })
	return keys, nil
}

func (b bucketBox) All(ctx context.Context, ids ...string) iter.Seq2[Letter, error] {
	return func(yield func(Letter, error) bool) {
		keys, err := b.IDs(ctx)
		if err != nil {
			yield(Letter{}, err)
			return
		}
		for _, key := range keys {
			if len(ids) > 0 && !slices.Contains(ids, key) {
				continue
			}
			if !yield(b.read(ctx, key)) {
				return
			}
		}
	}
}

// kept is an object as Lambda writes it. The payload is the invocation's, as text or
// as it was.
type kept struct {
	RequestContext struct {
		Condition              string
		ApproximateInvokeCount int
	}
	Timestamp time.Time
	Payload   json.RawMessage
}

// read reads one object. One that holds no batch is a letter without events.
func (b bucketBox) read(ctx context.Context, key string) (Letter, error) {
	letter := Letter{ID: key}
	object, err := b.Objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.Name, Key: &key})
	if err != nil {
		return letter, fmt.Errorf("reading s3://%s/%s: %w", b.Name, key, err)
	}
	defer object.Body.Close() //nolint:errcheck // it was read, or failed
	text, err := io.ReadAll(object.Body)
	if err != nil {
		return letter, fmt.Errorf("reading s3://%s/%s: %w", b.Name, key, err)
	}
	letter.GivenUp = aws.ToTime(object.LastModified)
	var fields kept
	if err := json.Unmarshal(text, &fields); err != nil {
		letter.Cause = "the object holds no batch of a stream"
		return letter, nil
	}
	letter.Cause, letter.Attempts = fields.RequestContext.Condition, fields.RequestContext.ApproximateInvokeCount
	if !fields.Timestamp.IsZero() {
		letter.GivenUp = fields.Timestamp
	}
	records := recordsOf(fields.Payload)
	letter.source, letter.Events = records, b.events(ctx, records)
	return letter, nil
}

// recordsOf are those of the invocation that an object keeps.
func recordsOf(payload json.RawMessage) []json.RawMessage {
	var quoted string
	if json.Unmarshal(payload, &quoted) == nil {
		payload = json.RawMessage(quoted)
	}
	var batch struct{ Records []json.RawMessage }
	if json.Unmarshal(payload, &batch) != nil {
		return nil
	}
	return batch.Records
}

// events are those of records, as the function reads them.
func (b bucketBox) events(ctx context.Context, records []json.RawMessage) []ports.Event {
	var all []ports.Event
	handle := b.Read(func(_ context.Context, events []ports.Event) []error {
		all = append(all, events...)
		return make([]error, len(events))
	})
	var batch events.DynamoDBEvent
	for _, record := range records {
		var one events.DynamoDBEventRecord
		if json.Unmarshal(record, &one) == nil {
			batch.Records = append(batch.Records, one)
		}
	}
	_, _ = handle(ctx, batch) // what cannot be read is not shown; the function says why
	return all
}

// Deliver invokes the function with the records, and again from the one on that the
// function names, as Lambda does.
func (b bucketBox) Deliver(ctx context.Context, letter Letter) error {
	records, _ := letter.source.([]json.RawMessage)
	if len(records) == 0 {
		return errUnreadable
	}
	for range attempts {
		failed, err := b.invoke(ctx, records)
		if err != nil || failed == "" {
			return err
		}
		for len(records) > 0 && numberOf(records[0]) != failed {
			records = records[1:]
		}
		if len(records) == 0 {
			return fmt.Errorf("the function %s names record %s, which is not in the batch", b.Function, failed)
		}
	}
	return fmt.Errorf("record %s was not delivered: the log of the function %s says why", numberOf(records[0]), b.Function)
}

func numberOf(record json.RawMessage) string {
	var fields struct {
		DynamoDB struct{ SequenceNumber string }
	}
	_ = json.Unmarshal(record, &fields) // a record without a number is not the one that is looked for
	return fields.DynamoDB.SequenceNumber
}

// invoke returns the number of the record to go on from; empty when all were
// delivered.
func (b bucketBox) invoke(ctx context.Context, records []json.RawMessage) (string, error) {
	batch, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		return "", err
	}
	answer, err := b.Functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: &b.Function, Payload: batch})
	if err != nil {
		return "", fmt.Errorf("invoking the function %s: %w", b.Function, err)
	}
	if answer.FunctionError != nil {
		return "", fmt.Errorf("the function %s failed: %s", b.Function, messageOf(answer.Payload))
	}
	var verdict events.DynamoDBEventResponse
	if err := json.Unmarshal(answer.Payload, &verdict); err != nil {
		return "", fmt.Errorf("the answer of the function %s: %w", b.Function, err)
	}
	if len(verdict.BatchItemFailures) == 0 {
		return "", nil
	}
	return verdict.BatchItemFailures[0].ItemIdentifier, nil
}

// messageOf is what a function says of its failure.
func messageOf(payload []byte) string {
	var failure struct{ ErrorMessage, ErrorType string }
	if err := json.Unmarshal(payload, &failure); err != nil || failure.ErrorMessage+failure.ErrorType == "" {
		return "its log says why"
	}
	return strings.TrimSpace(failure.ErrorType + " " + failure.ErrorMessage)
}

func (b bucketBox) Drop(ctx context.Context, letter Letter) error {
	_, err := b.Objects.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.Name, Key: &letter.ID})
	if err != nil {
		return fmt.Errorf("deleting s3://%s/%s: %w", b.Name, letter.ID, err)
	}
	return nil
}
