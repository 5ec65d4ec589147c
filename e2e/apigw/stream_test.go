//go:build e2e

package apigw

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/apigw/local/stream"
	"github.com/fanql/fanql/internal/dynamolocal"
)

// TestStreamOfDynamoDBLocal polls the real thing: every item that was put comes,
// those of one key in order, although the function fails every third invocation.
func TestStreamOfDynamoDBLocal(t *testing.T) {
	t.Parallel()
	server, err := dynamolocal.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	client := server.Client()
	arn := createTable(t, client)

	const keys, perKey = 10, 20
	received := newReceived(keys * perKey)
	poller, err := stream.New(stream.Config{
		Client: dynamodbstreams.New(dynamodbstreams.Options{
			BaseEndpoint: aws.String(server.Endpoint()), Region: dynamolocal.Region, Credentials: dynamolocal.Credentials(),
		}),
		StreamARN: arn, Function: local.NewFunction(received.take), Shards: 2, ParallelizationFactor: 3, BatchSize: 7,
		EventNames: []string{"INSERT", "MODIFY"}, ReportBatchItemFailures: true, PollInterval: 10 * time.Millisecond, RetryInterval: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- poller.Run(ctx) }()

	for n := range perKey {
		for key := range keys {
			put(t, client, fmt.Sprintf("room/%d ☃", key), n)
		}
	}
	select {
	case <-received.all:
	case <-time.After(patience):
		t.Error("not every item came")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	want := make([]string, perKey)
	for n := range want {
		want[n] = fmt.Sprint(n)
	}
	for key, got := range received.values {
		if !slices.Equal(got, want) {
			t.Errorf("of %s came %v", key, got)
		}
	}
}

// received is what a function got, by key.
type received struct {
	mu          sync.Mutex
	values      map[string][]string
	invocations int
	missing     int
	all         chan struct{} // closed when nothing is missing
}

func newReceived(n int) *received {
	return &received{values: map[string][]string{}, missing: n, all: make(chan struct{})}
}

// take fails now and then: whole, or from the second record on.
func (r *received) take(_ context.Context, event events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.invocations++
	done := event.Records
	var response events.DynamoDBEventResponse
	switch {
	case r.invocations%3 == 0:
		return response, errors.New("this one fails")
	case r.invocations%4 == 0 && len(done) > 1:
		response.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: done[1].Change.SequenceNumber}}
		done = done[:1]
	}
	for _, record := range done {
		key := record.Change.NewImage["id"].String()
		r.values[key] = append(r.values[key], record.Change.NewImage["n"].Number())
		if r.missing--; r.missing == 0 {
			close(r.all)
		}
	}
	return response, nil
}

// createTable makes a table whose only key is id, with a stream of new images.
func createTable(t *testing.T, client *dynamodb.Client) (streamARN string) {
	t.Helper()
	created, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            aws.String("events"),
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		BillingMode:          types.BillingModePayPerRequest,
		StreamSpecification:  &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewImage},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *created.TableDescription.LatestStreamArn
}

func put(t *testing.T, client *dynamodb.Client, id string, n int) {
	t.Helper()
	_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("events"), Item: map[string]types.AttributeValue{
		"id": &types.AttributeValueMemberS{Value: id}, "n": &types.AttributeValueMemberN{Value: fmt.Sprint(n)},
	}})
	if err != nil {
		t.Fatal(err)
	}
}
