//go:build e2e

package lambda

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/apigw/local/runtime"
	"github.com/fanql/fanql/adapters/apigw/local/stream"
	"github.com/fanql/fanql/e2e/internal/program"
	"github.com/fanql/fanql/internal/cloudlocal"
	"github.com/fanql/fanql/internal/dynamolocal"
	"github.com/fanql/fanql/internal/must"
)

// TestRedrive: what a mapping has given up reaches its subscribers by one command, once
// the cause is gone, and is given up no more. The command is run as it is, with the
// compiled stream function behind a stand-in for S3, Lambda and CloudFormation.
func TestRedrive(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	const room = "redriven"
	s := c.mustOpen(t, modern)
	if err := s.subscribed(t.Context(), "1", room); err != nil {
		t.Fatal(err)
	}
	release := c.proxy.holdStream() // for good: the mapping of the test takes its place
	t.Cleanup(release)
	want := []string{"first", "second", "third"}
	batches := 2 * len(want) // of the room, and of the chat's activity
	given := c.givenUp(t, batches)
	for _, text := range want {
		c.mustPublish(t, room, text)
	}
	account := &cloudlocal.Cloud{
		Invoke:  c.streamFunction(t).Invoke,
		Outputs: map[string]string{"DroppedRecordsName": cloudlocal.Bucket, "StreamFunctionName": cloudlocal.Function},
	}
	for i := range batches {
		select {
		case batch := <-given:
			account.Put(fmt.Sprintf("aws/lambda/mapping/shard/2026/11/28/2026-11-28T10.00.%02d-x", i), must.Make(cloudlocal.Kept(batch)))
		case <-time.After(program.Patience):
			t.Fatalf("%d records were given up", i)
		}
	}
	server := httptest.NewServer(account)
	defer server.Close()
	environment := []string{
		"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=" + dynamolocal.Region,
		"AWS_ENDPOINT_URL_S3=" + server.URL, "AWS_ENDPOINT_URL_LAMBDA=" + server.URL, "AWS_ENDPOINT_URL_CLOUDFORMATION=" + server.URL,
	}
	output := redrive(t, append(environment, "FANQL_STACK="+cloudlocal.Stack)...)
	s.mustAwait(t, "1", "third")
	if got := s.texts("1"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !strings.HasSuffix(output, "\n6 dead letters delivered\n") || len(account.Keys()) != 0 {
		t.Errorf("redrive said %q and left %q", output, account.Keys())
	}
	names := []string{"FANQL_DROPPED_RECORDS=" + cloudlocal.Bucket, "FANQL_STREAM_FUNCTION=" + cloudlocal.Function}
	if output := redrive(t, append(environment, names...)...); output != "0 dead letters delivered\n" {
		t.Errorf("once more it said %q", output)
	}
}

// givenUp are the batches of a mapping, of one record each, whose function fails.
func (c *cloud) givenUp(t *testing.T, most int) <-chan []events.DynamoDBEventRecord {
	t.Helper()
	table := "events"
	described, err := c.database.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	given := make(chan []events.DynamoDBEventRecord, most)
	poller := must.Make(stream.New(stream.Config{
		Client: dynamodbstreams.New(dynamodbstreams.Options{
			BaseEndpoint: aws.String(c.account.endpoint()), Region: dynamolocal.Region, Credentials: c.account.credentials(),
		}),
		StreamARN: *described.Table.LatestStreamArn, BatchSize: 1, NoRetries: true, PollInterval: 20 * time.Millisecond,
		Function: local.NewFunction(func(context.Context, events.DynamoDBEvent) (any, error) {
			return nil, errors.New("subscribers cannot be listed")
		}),
		OnDiscard: func(records []events.DynamoDBEventRecord, _ error) { given <- records },
	}))
	ctx, stop := context.WithCancel(t.Context())
	var polling sync.WaitGroup
	polling.Go(func() { _ = poller.Run(ctx) })
	t.Cleanup(func() { stop(); polling.Wait() })
	return given
}

// streamFunction is the compiled function, as the chat's own is.
func (c *cloud) streamFunction(t *testing.T) *runtime.Function {
	t.Helper()
	binary := program.Build(t, "examples/chat/lambda/dynamodb", "-tags=lambda.norpc")
	function := must.Make(runtime.New(runtime.Config{Program: binary, Output: os.Stderr, Env: []string{
		"FANQL_CONNECTIONS_TABLE=connections", "FANQL_SUBSCRIPTIONS_TABLE=subscriptions", "FANQL_EVENTS_TABLE=events",
		"CHAT_MESSAGES_TABLE=messages", "FANQL_ENDPOINT=" + c.Base + "/graphql", "AWS_ENDPOINT_URL_DYNAMODB=" + c.account.endpoint(),
		"AWS_ACCESS_KEY_ID=" + c.account.key,
	}}))
	t.Cleanup(function.Close)
	return function
}

// redrive runs the command in an environment, and returns what it prints.
func redrive(t *testing.T, environment ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program.Build(t, "cmd/fanql"), "dead-letters", "redrive")
	command.Env = append(os.Environ(), environment...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("redrive: %v\n%s", err, output)
	}
	return string(output)
}
