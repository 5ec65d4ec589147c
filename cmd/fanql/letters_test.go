//go:build integration

package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/fanql/fanql/adapters/apigw/local/stream"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/internal/cloudlocal"
	"github.com/fanql/fanql/internal/dynamolocal"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

var errDown = errors.New("subscribers cannot be listed")

// TestRedriveOnRedis gives an event up, and delivers it after all.
func TestRedriveOnRedis(t *testing.T) {
	t.Parallel()
	s, bus := onRedisKeys(t, func(c *redis.Config) { c.MaxAttempts, c.Backoff = 1, func(int) time.Duration { return 0 } })
	s.succeed(t, "publish", "room/1", `{"text":"secret"}`)
	s.succeed(t, "publish", "room/2", `{"text":"secret"}`)
	giveUp(t, bus, 2)
	list := s.succeed(t, "dead-letters", "list")
	for _, want := range []string{"room/1", "room/2", errDown.Error()} {
		if !strings.Contains(list, want) {
			t.Errorf("the list lacks %q:\n%s", want, list)
		}
	}
	ids := letterIDs(t, s)
	if len(ids) != 2 {
		t.Fatalf("the letters are %q, want 2", ids)
	}
	shown := s.succeed(t, "dead-letters", "show", ids[0])
	if strings.Contains(list+shown, "secret") || !strings.Contains(s.succeed(t, "dead-letters", "show", "-payload", ids[0]), "secret") {
		t.Errorf("payloads are shown where they are asked for only; without, it is\n%s", shown)
	}
	if out := s.succeed(t, "dead-letters", "redrive", ids[0]); !strings.HasSuffix(out, "1 dead letter delivered\n") {
		t.Errorf("redrive printed %q", out)
	}
	if got := consume(t, bus, 1); len(got) != 1 || string(got[0].Payload) != `{"text":"secret"}` {
		t.Errorf("delivered after all: %+v, want the one event", got)
	}
	s.succeed(t, "dead-letters", "drop", ids[1])
	if out := s.succeed(t, "dead-letters", "list"); out != "no dead letters\n" {
		t.Errorf("left: %s", out)
	}
	if r := s.run(t.Context(), "dead-letters", "redrive", ids[0]); r.code != codeFailed || !strings.Contains(r.log, "there is no dead letter "+ids[0]) {
		t.Errorf("redriving again: exit code %d, %q", r.code, r.log)
	}
}

// TestRedriveEndsWhereLettersComeBack: a letter that is given up again at once is not
// redriven a second time.
func TestRedriveEndsWhereLettersComeBack(t *testing.T) {
	t.Parallel()
	s, bus := onRedisKeys(t, func(c *redis.Config) { c.MaxAttempts, c.Backoff = 1, func(int) time.Duration { return 0 } })
	for range 3 {
		s.succeed(t, "publish", "room/1", "1")
	}
	giveUp(t, bus, 3)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- bus.Consume(ctx, failing) }()
	if out := s.succeed(t, "dead-letters", "redrive"); !strings.HasSuffix(out, "3 dead letters delivered\n") {
		t.Errorf("redrive printed %q", out)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func failing(_ context.Context, events []ports.Event) []error {
	verdicts := make([]error, len(events))
	for i := range verdicts {
		verdicts[i] = errDown
	}
	return verdicts
}

// giveUp delivers in vain until there are so many dead letters.
func giveUp(t *testing.T, bus *redis.Backend, many int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	given := 0
	err := bus.Consume(ctx, func(_ context.Context, events []ports.Event) []error {
		if given += len(events); given >= many {
			time.AfterFunc(100*time.Millisecond, cancel)
		}
		return failing(ctx, events)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func letterIDs(t *testing.T, s shell) (ids []string) {
	t.Helper()
	for line := range strings.Lines(s.succeed(t, "dead-letters", "list", "-json")) {
		var letter struct{ ID string }
		if err := json.Unmarshal([]byte(line), &letter); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, letter.ID)
	}
	return ids
}

// TestRedriveOnDynamoDB: an event is published on DynamoDB Local, given up by a stream
// whose function fails, and delivered by the function once it works. S3 and Lambda run
// on AWS only: cloudlocal stands in for them, and calls the real handler.
func TestRedriveOnDynamoDB(t *testing.T) {
	t.Parallel()
	s, backend := onTables(t)
	s.succeed(t, "publish", "room/1", `{"text":"secret"}`)
	s.succeed(t, "publish", "-end", "room/1")
	var delivered []ports.Event
	cloud := &cloudlocal.Cloud{Invoke: invocation(backend.StreamHandler(func(_ context.Context, events []ports.Event) []error {
		delivered = append(delivered, events...)
		return make([]error, len(events))
	})).Invoke}
	cloud.Put("aws/lambda/mapping/shard/2026/11/28/2026-11-28T10.00.00-a", must.Make(cloudlocal.Kept(discarded(t, backend))))
	server := httptest.NewServer(cloud)
	defer server.Close()
	s = s.with("AWS_ENDPOINT_URL_S3", server.URL).with("AWS_ENDPOINT_URL_LAMBDA", server.URL).
		with("FANQL_DROPPED_RECORDS", cloudlocal.Bucket).with("FANQL_STREAM_FUNCTION", cloudlocal.Function)
	list := s.succeed(t, "dead-letters", "list")
	if !strings.Contains(list, "room/1") || !strings.Contains(list, "RecordAgeExceeded") || strings.Contains(list, "secret") {
		t.Errorf("the list is\n%s", list)
	}
	if out := s.succeed(t, "dead-letters", "redrive"); !strings.HasSuffix(out, "1 dead letter delivered\n") {
		t.Errorf("redrive printed %q", out)
	}
	if got := delivered; len(got) != 2 || string(got[0].Payload) != `{"text":"secret"}` || got[1].Kind != ports.EventComplete {
		t.Errorf("delivered %+v, want both events in order", got)
	}
	if out := s.succeed(t, "dead-letters", "list"); out != "no dead letters\n" {
		t.Errorf("left: %s", out)
	}
}

// discarded are the records of the events table's stream, as a mapping whose function
// fails discards them.
func discarded(t *testing.T, backend *dynamodb.Backend) []events.DynamoDBEventRecord {
	t.Helper()
	table := backend.Tables().Events
	described, err := local.Client().DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	endpoint := local.Endpoint()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var records []events.DynamoDBEventRecord
	poller := must.Make(stream.New(stream.Config{
		Client: dynamodbstreams.New(dynamodbstreams.Options{
			BaseEndpoint: &endpoint, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials(),
		}),
		StreamARN: *described.Table.LatestStreamArn, NoRetries: true, ReportBatchItemFailures: true,
		Function: invocation(backend.StreamHandler(failing)),
		OnDiscard: func(given []events.DynamoDBEventRecord, _ error) {
			if records = append(records, given...); len(records) == 2 {
				cancel()
			}
		},
	}))
	if err := poller.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(records) != 2 {
		t.Fatalf("%d records were given up, want 2", len(records))
	}
	return records
}
