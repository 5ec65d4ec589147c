package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/apigw/local/runtime"
	"github.com/fanql/fanql/adapters/apigw/local/stream"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/examples/chat/internal/localtables"
	"github.com/fanql/fanql/internal/dynamolocal"
)

type cloudOptions struct {
	dynamoDB     string
	program      string
	tags         string
	processes    int
	reorder      time.Duration
	seed         uint64
	lifetime     time.Duration
	noDisconnect bool
}

// cloud is what deploy/template.yaml asks AWS for, on this machine.
type cloud struct {
	database *dynamolocal.Server // nil where another one is used
	endpoint string              // of DynamoDB
	settings []string            // that functions and the command fanql read, as "key=value"
	sockets  *local.Gateway
	requests http.Handler
	stream   *stream.Poller

	functions []*runtime.Function
	binaries  string
}

func newCloud(ctx context.Context, endpoint string, options cloudOptions, logger *slog.Logger) (_ *cloud, err error) {
	c := &cloud{}
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	if c.endpoint = options.dynamoDB; c.endpoint == "" {
		if c.database, err = dynamolocal.Start(ctx); err != nil {
			return nil, err
		}
		c.endpoint = c.database.Endpoint()
	}
	backend, streamARN, err := localtables.Create(ctx, c.client())
	if err != nil {
		return nil, err
	}
	c.settings = settings(backend.Tables(), c.endpoint)
	if c.binaries, err = os.MkdirTemp("", "chat-lambda"); err != nil {
		return nil, err
	}
	program := options.program
	if program == "" {
		if program, err = c.build(ctx, options.tags); err != nil {
			return nil, err
		}
	}
	functions := map[string]*runtime.Function{}
	for name, timeout := range map[string]time.Duration{"websocket": 29 * time.Second, "http": 29 * time.Second, "stream": 15 * time.Minute} {
		if functions[name], err = c.function(program, name, endpoint, options.processes, timeout); err != nil {
			return nil, err
		}
	}
	c.sockets, err = local.NewGateway(local.Config{
		Function: functions["websocket"], Stage: stage, Logger: logger,
		ReorderWithin: options.reorder, Seed: options.seed, Lifetime: options.lifetime, NoDisconnect: options.noDisconnect,
	})
	if err != nil {
		return nil, err
	}
	c.requests, err = local.NewHTTPAPI(local.HTTPConfig{Function: functions["http"], Logger: logger})
	if err != nil {
		return nil, err
	}
	c.stream, err = stream.New(stream.Config{
		Client:    c.streamClient(),
		StreamARN: streamARN, Function: functions["stream"], Logger: logger,
		Shards: 2, ParallelizationFactor: 10, EventNames: []string{"INSERT", "MODIFY"},
		ReportBatchItemFailures: true, MaximumRecordAge: 20 * time.Hour, PollInterval: 50 * time.Millisecond,
	})
	return c, err
}

// stop ends what newCloud started; what it did not get to is left alone.
func (c *cloud) stop() {
	for _, function := range c.functions {
		function.Close()
	}
	if c.database != nil {
		c.database.Stop()
	}
	if c.binaries != "" {
		_ = os.RemoveAll(c.binaries)
	}
}

// build makes the program of all functions as it is made for AWS, with more tags.
func (c *cloud) build(ctx context.Context, tags string) (program string, err error) {
	program = filepath.Join(c.binaries, "bootstrap")
	build := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc,"+tags, "-o", program, //nolint:gosec // a name of our own
		"github.com/fanql/fanql/examples/chat/lambda/dynamodb")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the function: %w\n%s", err, output)
	}
	return program, nil
}

// function makes one that can be invoked. Each has processes of its own, under its
// name.
func (c *cloud) function(program, name, endpoint string, processes int, timeout time.Duration) (*runtime.Function, error) {
	named := filepath.Join(c.binaries, name)
	if err := os.Symlink(program, named); err != nil {
		return nil, err
	}
	function, err := runtime.New(runtime.Config{
		Program: named, Name: name, MaxProcesses: processes, Timeout: timeout, Output: os.Stderr,
		Env: append(slices.Clone(c.settings), "FANQL_ENDPOINT="+endpoint, "CHAT_MESSAGES_TABLE="+localtables.Messages),
	})
	if err != nil {
		return nil, err
	}
	c.functions = append(c.functions, function)
	return function, nil
}

// settings are those of DynamoDB, which takes any credentials here.
func settings(tables dynamodb.Tables, endpoint string) []string {
	return []string{
		"FANQL_CONNECTIONS_TABLE=" + tables.Connections, "FANQL_SUBSCRIPTIONS_TABLE=" + tables.Subscriptions, "FANQL_EVENTS_TABLE=" + tables.Events,
		"AWS_ENDPOINT_URL_DYNAMODB=" + endpoint, "AWS_REGION=" + dynamolocal.Region, "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
	}
}

func (c *cloud) client() *sdk.Client {
	return sdk.New(sdk.Options{BaseEndpoint: &c.endpoint, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials()})
}

func (c *cloud) streamClient() *dynamodbstreams.Client {
	return dynamodbstreams.New(dynamodbstreams.Options{BaseEndpoint: &c.endpoint, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials()})
}
