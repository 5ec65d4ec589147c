package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/fanql/fanql/adapters/apigw/local/stream"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/cmd/fanql/internal/doctor"
	"github.com/fanql/fanql/cmd/fanql/internal/letters"
	"github.com/fanql/fanql/ports"
)

// dynamoDatabase is a deployment on DynamoDB.
type dynamoDatabase struct {
	*dynamodb.Backend
	settings *settings
	aws      aws.Config
	client   *sdk.Client
}

func (s *settings) openDynamoDB(ctx context.Context, needs []string) (*dynamoDatabase, error) {
	loaded, err := s.loadAWS(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.readStack(ctx, loaded); err != nil {
		return nil, err
	}
	if err := s.require(needs...); err != nil {
		return nil, err
	}
	client := sdk.NewFromConfig(loaded, func(o *sdk.Options) {
		if url := s.endpoint(varEndpoint); url != nil {
			o.BaseEndpoint = url
		}
	})
	backend, err := dynamodb.New(dynamodb.Config{
		Client: client, Now: s.now, Logger: slog.New(slog.NewTextHandler(s.log, nil)),
		Tables: dynamodb.Tables{Connections: s.get(varConnections), Subscriptions: s.get(varSubscriptions), Events: s.get(varEvents)},
	})
	if err != nil {
		return nil, err
	}
	return &dynamoDatabase{Backend: backend, settings: s, aws: loaded, client: client}, nil
}

func (d *dynamoDatabase) done() {}

func (d *dynamoDatabase) streams() *dynamodbstreams.Client {
	return dynamodbstreams.NewFromConfig(d.aws, func(o *dynamodbstreams.Options) {
		if url := d.settings.endpoint(varEndpoint); url != nil { // whose streams are there too
			o.BaseEndpoint = url
		}
	})
}

func (d *dynamoDatabase) functions() *lambda.Client {
	return lambda.NewFromConfig(d.aws, func(o *lambda.Options) {
		if url := d.settings.endpoint(varEndpointLambda); url != nil {
			o.BaseEndpoint = url
		}
	})
}

func (d *dynamoDatabase) buckets() *s3.Client {
	return s3.NewFromConfig(d.aws, func(o *s3.Options) {
		if url := d.settings.endpoint(varEndpointS3); url != nil {
			o.BaseEndpoint, o.UsePathStyle = url, true
		}
	})
}

// follow reads the stream of the events table, from its end or its beginning on. A
// stream has what was put in the last 24 hours.
func (d *dynamoDatabase) follow(
	ctx context.Context, topic ports.Topic, since time.Time, show func(ports.Event), _ func(int),
) error {
	events := d.Tables().Events
	described, err := d.client.DescribeTable(ctx, &sdk.DescribeTableInput{TableName: &events})
	if err != nil {
		return fmt.Errorf("the table of %s: %w", flagOf(varEvents), err)
	}
	if described.Table.LatestStreamArn == nil {
		return fmt.Errorf("the table %s has no stream: fanql doctor says more", events)
	}
	streams := d.streams()
	// What cannot be read at all is said once, and not tried again.
	if _, err := streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: described.Table.LatestStreamArn}); err != nil {
		return err
	}
	position := "LATEST"
	if !since.IsZero() {
		position = "TRIM_HORIZON"
	}
	poller, err := stream.New(stream.Config{
		Client: streams, StreamARN: *described.Table.LatestStreamArn, StartingPosition: position,
		Function: invocation(d.StreamHandler(func(_ context.Context, events []ports.Event) []error {
			for _, event := range events {
				if event.Topic == topic && !event.Time.Before(since) {
					show(event)
				}
			}
			return make([]error, len(events))
		})),
		ReportBatchItemFailures: true, PollInterval: time.Second / 2,
		Logger: slog.New(slog.NewTextHandler(d.settings.log, nil)), Now: d.settings.now,
	})
	if err != nil {
		return err
	}
	return poller.Run(ctx)
}

// invocation is a handler as the poller calls it.
type invocation dynamodb.StreamHandler

// Invoke implements stream.Function.
func (handle invocation) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var batch events.DynamoDBEvent
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, err
	}
	response, err := handle(ctx, batch)
	if err != nil {
		return nil, err
	}
	return json.Marshal(response)
}

func (d *dynamoDatabase) letters(context.Context) (letters.Box, error) {
	if err := d.settings.require(varDropped, varFunction); err != nil {
		return nil, err
	}
	return letters.OfBucket(letters.Bucket{
		Objects: d.buckets(), Name: d.settings.get(varDropped),
		Functions: d.functions(), Function: d.settings.get(varFunction),
		Read: d.StreamHandler,
	}), nil
}

func (d *dynamoDatabase) closeSocket(ctx context.Context, address ports.Address, code int, reason string) error {
	return closeOnGateway(ctx, d.aws, address, code, reason)
}

func (d *dynamoDatabase) diagnose(ctx context.Context) []doctor.Finding {
	setup := doctor.DynamoDBSetup{
		Client: d.client, Streams: d.streams(), Tables: d.Tables(), Region: d.aws.Region, Function: d.settings.get(varFunction),
		Endpoint: d.settings.get(varEndpoint),
	}
	// Beside a local DynamoDB there is no Lambda, unless it has an address too.
	if setup.Endpoint == "" || d.settings.get(varEndpointLambda) != "" {
		setup.Functions = d.functions()
	}
	if bucket := d.settings.get(varDropped); bucket != "" {
		setup.Objects, setup.Bucket = d.buckets(), bucket
	}
	return doctor.DynamoDB(ctx, setup)
}
