package main

import (
	"context"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/apigw/local/stream"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/chat/internal/dynamohistory"
	"github.com/fanql/fanql/examples/chat/internal/localtables"
	"github.com/fanql/fanql/internal/dynamolocal"
)

// dynamoDBBackend keeps everything in a DynamoDB Local, at the endpoint or, with
// none, in one that it starts. The stream, which on AWS calls a Lambda function,
// is polled by this process: one process has all of it.
func dynamoDBBackend(ctx context.Context, endpoint string, sockets *websocket.Server) (_ *backend, err error) {
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
	streams := dynamodbstreams.New(dynamodbstreams.Options{
		BaseEndpoint: &endpoint, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials(),
	})
	return &backend{
		store: stored, bus: stored, pusher: sockets,
		history: dynamohistory.New(client, localtables.Messages),
		deliver: func(ctx context.Context, engine *core.Engine) error {
			poller, err := stream.New(stream.Config{
				Client: streams, StreamARN: arn, StartingPosition: "TRIM_HORIZON", ReportBatchItemFailures: true,
				Function:              local.NewFunction(stored.StreamHandler(engine.Deliver)),
				ParallelizationFactor: 10, EventNames: []string{"INSERT", "MODIFY"}, PollInterval: 20 * time.Millisecond,
			})
			if err != nil {
				return err
			}
			return poller.Run(ctx)
		},
		joined: func(context.Context) error { return nil },
		close: func() error {
			stop()
			return nil
		},
	}, nil
}
