package main

import (
	"context"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/apigw/local/stream"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/examples/chat/dynamohistory"
	"github.com/fanql/fanql/examples/chat/internal/localtables"
	"github.com/fanql/fanql/internal/dynamolocal"
	"github.com/fanql/fanql/ports"
)

// dynamoDBBackend keeps everything in a DynamoDB Local, at the endpoint or, with
// none, in one that it starts.
func dynamoDBBackend(ctx context.Context, endpoint string) (_ *backend, err error) {
	stop := func() {}
	defer func() {
		if err != nil {
			stop()
		}
	}()
	if endpoint == "" {
		database, err := dynamolocal.Start(ctx)
		if err != nil {
			return nil, err
		}
		endpoint, stop = database.Endpoint(), database.Stop
	}
	client := sdk.New(sdk.Options{BaseEndpoint: &endpoint, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials()})
	stored, arn, err := localtables.Create(ctx, client)
	if err != nil {
		return nil, err
	}
	history, err := dynamohistory.New(client, localtables.Messages)
	if err != nil {
		return nil, err
	}
	streams := dynamodbstreams.New(dynamodbstreams.Options{
		BaseEndpoint: &endpoint, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials(),
	})
	return &backend{
		kept:    &polled{stored, streams, arn},
		history: history,
		close: func() error {
			stop()
			return nil
		},
	}, nil
}

// polled is a backend whose stream, which on AWS calls a Lambda function, is polled
// by this process: one process has all of it.
type polled struct {
	*dynamodb.Backend
	streams *dynamodbstreams.Client
	arn     string
}

// Consume implements ports.EventSource.
func (p *polled) Consume(ctx context.Context, deliver ports.DeliverFunc) error {
	poller, err := stream.New(stream.Config{
		Client: p.streams, StreamARN: p.arn, StartingPosition: "TRIM_HORIZON", ReportBatchItemFailures: true,
		Function:              local.NewFunction(p.StreamHandler(deliver)),
		ParallelizationFactor: 10, EventNames: []string{"INSERT", "MODIFY"}, PollInterval: 20 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	return poller.Run(ctx)
}
