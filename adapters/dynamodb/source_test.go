//go:build integration

package dynamodb_test

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/internal/dynamolocal"
	"github.com/fanql/fanql/ports"
)

// source stands for an event source mapping: it reads a table's stream and calls
// the backend's StreamHandler, again from where that says.
type source struct {
	table    string
	streams  *dynamodbstreams.Client
	iterator *string
	pending  []events.DynamoDBEventRecord
}

func newSource(table string) *source {
	return &source{table: table, streams: dynamodbstreams.New(dynamodbstreams.Options{
		BaseEndpoint: aws.String(server.Endpoint()), Region: dynamolocal.Region, Credentials: dynamolocal.Credentials(),
	})}
}

// Consume implements ports.EventSource.
func (s *source) Consume(ctx context.Context, deliver ports.DeliverFunc) error {
	backend, err := dynamodb.New(dynamodb.Config{Client: server.Client()})
	if err != nil {
		return err
	}
	handle := backend.StreamHandler(deliver)
	for ctx.Err() == nil {
		if len(s.pending) == 0 {
			if err := s.read(ctx); err != nil && ctx.Err() == nil {
				return err
			}
			continue
		}
		response, err := handle(ctx, events.DynamoDBEvent{Records: s.pending})
		if err != nil {
			return err
		}
		s.pending = unfinished(s.pending, response)
	}
	return nil
}

// unfinished are the records from the lowest failure on.
func unfinished(records []events.DynamoDBEventRecord, response events.DynamoDBEventResponse) []events.DynamoDBEventRecord {
	for _, failed := range response.BatchItemFailures {
		for i, record := range records {
			if record.Change.SequenceNumber == failed.ItemIdentifier {
				return records[i:]
			}
		}
	}
	return nil
}

// read reads what the stream's only shard has next.
func (s *source) read(ctx context.Context) error {
	if s.iterator == nil {
		if err := s.begin(ctx); err != nil {
			return err
		}
	}
	output, err := s.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: s.iterator, Limit: aws.Int32(100)})
	if err != nil {
		return err
	}
	s.iterator = output.NextShardIterator
	for _, record := range output.Records {
		s.pending = append(s.pending, lambdaRecord(record))
	}
	if len(s.pending) == 0 {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return nil
}

func (s *source) begin(ctx context.Context) error {
	table, err := server.Client().DescribeTable(ctx, &sdk.DescribeTableInput{TableName: &s.table})
	if err != nil {
		return err
	}
	stream, err := s.streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: table.Table.LatestStreamArn})
	if err != nil {
		return err
	}
	shards := stream.StreamDescription.Shards
	if len(shards) != 1 {
		return fmt.Errorf("the stream has %d shards, want 1", len(shards))
	}
	iterator, err := s.streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
		StreamArn: table.Table.LatestStreamArn, ShardId: shards[0].ShardId,
		ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		return err
	}
	s.iterator = iterator.ShardIterator
	return nil
}

// lambdaRecord is a record as Lambda hands it over.
func lambdaRecord(record types.Record) events.DynamoDBEventRecord {
	return events.DynamoDBEventRecord{
		EventID: *record.EventID, EventName: string(record.EventName),
		Change: events.DynamoDBStreamRecord{
			Keys: lambdaImage(record.Dynamodb.Keys), NewImage: lambdaImage(record.Dynamodb.NewImage),
			SequenceNumber: *record.Dynamodb.SequenceNumber, StreamViewType: string(record.Dynamodb.StreamViewType),
		},
	}
}

func lambdaImage(fields map[string]types.AttributeValue) map[string]events.DynamoDBAttributeValue {
	image := make(map[string]events.DynamoDBAttributeValue, len(fields))
	for name, v := range fields {
		image[name] = lambdaValue(v)
	}
	return image
}

func lambdaValue(v types.AttributeValue) events.DynamoDBAttributeValue {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return events.NewStringAttribute(v.Value)
	case *types.AttributeValueMemberN:
		return events.NewNumberAttribute(v.Value)
	case *types.AttributeValueMemberB:
		return events.NewBinaryAttribute(v.Value)
	case *types.AttributeValueMemberM:
		return events.NewMapAttribute(lambdaImage(v.Value))
	case *types.AttributeValueMemberL:
		list := make([]events.DynamoDBAttributeValue, len(v.Value))
		for i, element := range v.Value {
			list[i] = lambdaValue(element)
		}
		return events.NewListAttribute(list)
	}
	return events.NewNullAttribute()
}
