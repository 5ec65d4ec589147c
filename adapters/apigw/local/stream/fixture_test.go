package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"go.uber.org/goleak"

	"github.com/fanql/fanql/adapters/apigw/local/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeStream is a table's stream, of any number of shards.
type fakeStream struct {
	mu      sync.Mutex
	shards  []*fakeShard
	written int
	fail    func(call string) error // if set, before a call
}

type fakeShard struct {
	id, parent string
	records    []types.Record
	closed     bool
}

func newStream() *fakeStream { return &fakeStream{shards: []*fakeShard{{id: "0"}}} }

// put writes an item to the last shard.
func (s *fakeStream) put(key, value string) { s.write(types.OperationTypeInsert, key, value) }

func (s *fakeStream) write(name types.OperationType, key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written++
	shard := s.shards[len(s.shards)-1]
	shard.records = append(shard.records, types.Record{
		EventID: aws.String("e" + value), EventName: name, EventSource: aws.String("aws:dynamodb"), EventVersion: aws.String("1.1"), AwsRegion: aws.String("local"),
		Dynamodb: &types.StreamRecord{
			ApproximateCreationDateTime: aws.Time(time.Now()),
			Keys:                        map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: key}},
			NewImage: map[string]types.AttributeValue{
				"id": &types.AttributeValueMemberS{Value: key}, "value": &types.AttributeValueMemberS{Value: value},
			},
			SequenceNumber: aws.String(fmt.Sprintf("%021d", s.written)),
		},
	})
}

// split closes the last shard and opens its child.
func (s *fakeStream) split() {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.shards[len(s.shards)-1]
	last.closed = true
	s.shards = append(s.shards, &fakeShard{id: strconv.Itoa(len(s.shards)), parent: last.id})
}

func (s *fakeStream) failing(call string) error {
	if s.fail == nil {
		return nil
	}
	return s.fail(call)
}

// DescribeStream lists one shard a page, the youngest first.
func (s *fakeStream) DescribeStream(_ context.Context, input *dynamodbstreams.DescribeStreamInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failing("DescribeStream"); err != nil {
		return nil, err
	}
	at := len(s.shards) - 1
	if after := input.ExclusiveStartShardId; after != nil {
		at, _ = strconv.Atoi(*after)
		at--
	}
	description := &types.StreamDescription{
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("sort"), KeyType: types.KeyTypeRange}, {AttributeName: aws.String("id"), KeyType: types.KeyTypeHash},
		},
		Shards: []types.Shard{{ShardId: aws.String(s.shards[at].id)}},
	}
	if parent := s.shards[at].parent; parent != "" {
		description.Shards[0].ParentShardId = aws.String(parent)
	}
	if at > 0 {
		description.LastEvaluatedShardId = aws.String(s.shards[at].id)
	}
	return &dynamodbstreams.DescribeStreamOutput{StreamDescription: description}, nil
}

func (s *fakeStream) GetShardIterator(_ context.Context, input *dynamodbstreams.GetShardIteratorInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failing("GetShardIterator"); err != nil {
		return nil, err
	}
	id, _ := strconv.Atoi(*input.ShardId)
	at := 0
	switch records := s.shards[id].records; input.ShardIteratorType {
	case types.ShardIteratorTypeLatest:
		at = len(records)
	case types.ShardIteratorTypeAfterSequenceNumber:
		at = 1 + slices.IndexFunc(records, func(r types.Record) bool { return *r.Dynamodb.SequenceNumber == *input.SequenceNumber })
	}
	return &dynamodbstreams.GetShardIteratorOutput{ShardIterator: aws.String(fmt.Sprintf("%d/%d", id, at))}, nil
}

// GetRecords returns at most three.
func (s *fakeStream) GetRecords(_ context.Context, input *dynamodbstreams.GetRecordsInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failing("GetRecords"); err != nil {
		return nil, err
	}
	var id, at int
	if _, err := fmt.Sscanf(*input.ShardIterator, "%d/%d", &id, &at); err != nil {
		return nil, err
	}
	shard := s.shards[id]
	end := min(at+3, len(shard.records))
	output := &dynamodbstreams.GetRecordsOutput{Records: shard.records[at:end]}
	if !shard.closed || end < len(shard.records) {
		output.NextShardIterator = aws.String(fmt.Sprintf("%d/%d", id, end))
	}
	return output, nil
}

// function notes the values of each batch, and answers as a test says.
type function struct {
	mu      sync.Mutex
	batches []string
	answer  func(ctx context.Context, batch string, records []events.DynamoDBEventRecord) (string, error)
}

func (f *function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event events.DynamoDBEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	batch := values(event.Records)
	f.mu.Lock()
	f.batches = append(f.batches, batch)
	f.mu.Unlock()
	if f.answer == nil {
		return []byte(`{"batchItemFailures":[]}`), nil
	}
	answer, err := f.answer(ctx, batch, event.Records)
	return []byte(answer), err
}

// values are those of a batch's records, in its order.
func values(records []events.DynamoDBEventRecord) string {
	all := make([]string, len(records))
	for i, record := range records {
		all[i] = record.Change.NewImage["value"].String()
	}
	return strings.Join(all, " ")
}

// wants reports other batches than these, in this order.
func (f *function) wants(t *testing.T, want ...string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.batches, want) {
		t.Errorf("invoked with %q, want %q", f.batches, want)
	}
}

// failures is an answer that reports the records with these values.
func failures(records []events.DynamoDBEventRecord, failed ...string) string {
	var response events.DynamoDBEventResponse
	for _, record := range records {
		if slices.Contains(failed, record.Change.NewImage["value"].String()) {
			response.BatchItemFailures = append(response.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: record.Change.SequenceNumber})
		}
	}
	encoded, _ := json.Marshal(response)
	return string(encoded)
}

// polling runs a poller in a bubble in which time is fake, while test runs.
func polling(t *testing.T, config stream.Config, s *fakeStream, f *function, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		config.Client, config.StreamARN, config.Function = s, "arn", f
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		poller := newPoller(t, config)
		go func() { ended <- poller.Run(ctx) }()
		test(t)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// pass lets fake time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func newPoller(t *testing.T, config stream.Config) *stream.Poller {
	t.Helper()
	poller, err := stream.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return poller
}
