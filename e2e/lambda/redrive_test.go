//go:build e2e

package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/apigw/local/runtime"
	"github.com/fanql/fanql/adapters/apigw/local/stream"
	"github.com/fanql/fanql/e2e/internal/program"
	"github.com/fanql/fanql/internal/dynamolocal"
	"github.com/fanql/fanql/internal/must"
)

// TestRedrive: what a mapping has given up reaches its subscribers by one command, once
// the cause is gone, and is given up no more. The command is run as it is, with the
// compiled stream function behind an AWS CLI that is not AWS's.
func TestRedrive(t *testing.T) {
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
	account := &account{function: c.streamFunction(t), objects: map[string]string{}}
	for i := range batches {
		select {
		case batch := <-given:
			account.keep(t, i, batch)
		case <-time.After(program.Patience):
			t.Fatalf("%d records were given up", i)
		}
	}
	output := account.redrive(t, "-stack", "chat")
	s.mustAwait(t, "1", "third")
	if got := s.texts("1"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if output != "6 batches delivered\n" || len(account.objects) != 0 {
		t.Errorf("redrive said %q and left %d objects", output, len(account.objects))
	}
	if output := account.redrive(t, "-bucket", "dropped", "-function", "stream"); output != "0 batches delivered\n" {
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
			BaseEndpoint: &c.endpoint, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials(),
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
	binary := filepath.Join(t.TempDir(), "redriven")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-o", binary, "github.com/fanql/fanql/examples/chat/lambda/dynamodb")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	function := must.Make(runtime.New(runtime.Config{Program: binary, Output: os.Stderr, Env: []string{
		"FANQL_CONNECTIONS_TABLE=connections", "FANQL_SUBSCRIPTIONS_TABLE=subscriptions", "FANQL_EVENTS_TABLE=events",
		"CHAT_MESSAGES_TABLE=messages", "FANQL_ENDPOINT=" + c.Base + "/graphql", "AWS_ENDPOINT_URL_DYNAMODB=" + c.endpoint,
	}}))
	t.Cleanup(function.Close)
	return function
}

// account stands in for AWS behind its CLI: a stack, a bucket, and a function.
type account struct {
	function *runtime.Function
	objects  map[string]string
}

// keep puts a batch into the bucket as Lambda does. Source: "Retain discarded records
// for a DynamoDB event source in Lambda".
func (a *account) keep(t *testing.T, number int, records []events.DynamoDBEventRecord) {
	t.Helper()
	payload := must.Make(json.Marshal(events.DynamoDBEvent{Records: records}))
	object := must.Make(json.Marshal(map[string]any{
		"requestContext": map[string]any{"condition": "RecordAgeExceeded"}, "version": "1.0", "payload": string(payload),
	}))
	a.objects[fmt.Sprintf("aws/lambda/mapping/shard/2026/11/28/2026-11-28T10.00.%02d-x", number)] = string(object)
}

// redrive runs the command with an aws in its path that asks the account, and returns
// what it prints.
func (a *account) redrive(t *testing.T, arguments ...string) string {
	t.Helper()
	program.Require(t, "curl", "install curl")
	server := httptest.NewServer(a)
	defer server.Close()
	folder := t.TempDir()
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" | curl -sf --data-binary @- " + server.URL + "\n"
	if err := os.WriteFile(filepath.Join(folder, "aws"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	arguments = append([]string{"run", "github.com/fanql/fanql/deploy/redrive"}, arguments...)
	command := exec.CommandContext(t.Context(), "go", arguments...)
	command.Env = append(os.Environ(), "PATH="+folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("redrive: %v\n%s", err, output)
	}
	return string(output)
}

// ServeHTTP answers one call of the CLI, whose arguments are the lines of the body.
func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	arguments := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
	answer, err := a.call(r.Context(), arguments)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(answer)
}

func (a *account) call(ctx context.Context, arguments []string) ([]byte, error) {
	last := arguments[len(arguments)-1]
	switch strings.Join(arguments[:2], " ") {
	case "cloudformation describe-stacks":
		return []byte(`{"Stacks": [{"Outputs": [{"OutputKey": "DroppedRecordsName", "OutputValue": "dropped"},
			{"OutputKey": "StreamFunctionName", "OutputValue": "stream"}]}]}`), nil
	case "s3api list-objects-v2":
		var contents []map[string]string
		for key := range a.objects {
			contents = append(contents, map[string]string{"Key": key})
		}
		return json.Marshal(map[string]any{"Contents": contents})
	case "s3 cp":
		return []byte(a.objects[strings.TrimPrefix(arguments[2], "s3://dropped/")]), nil
	case "s3 rm":
		delete(a.objects, strings.TrimPrefix(last, "s3://dropped/"))
		return nil, nil
	case "lambda invoke":
		payload, err := os.ReadFile(strings.TrimPrefix(arguments[slices.Index(arguments, "--payload")+1], "file://"))
		if err != nil {
			return nil, err
		}
		answer, err := a.function.Invoke(ctx, payload)
		if err != nil {
			return nil, err
		}
		return []byte(`{"StatusCode": 200}`), os.WriteFile(last, answer, 0o600)
	}
	return nil, errors.New("no such command: " + strings.Join(arguments, " "))
}
