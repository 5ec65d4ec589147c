// Dynamodb is the chat on DynamoDB Local, in one process that polls the stream.
package main

import (
	"context"
	"flag"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/apigw/local/stream"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/examples/chat/dynamohistory"
	"github.com/fanql/fanql/examples/chat/internal/localtables"
	"github.com/fanql/fanql/examples/chat/internal/server"
	"github.com/fanql/fanql/internal/dynamolocal"
	"github.com/fanql/fanql/ports"
)

func main() {
	flags := server.NewFlags()
	endpoint := flag.String("dynamodb", "", "endpoint of a DynamoDB Local; none starts one")
	server.Main(func(ctx context.Context) error { return run(ctx, flags, *endpoint) })
}

func run(ctx context.Context, flags *server.Flags, endpoint string) error {
	if endpoint == "" {
		database, err := dynamolocal.Start(ctx)
		if err != nil {
			return err
		}
		defer database.Stop()
		endpoint = database.Endpoint()
	}
	client := sdk.New(sdk.Options{BaseEndpoint: &endpoint, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials()})
	stored, arn, err := localtables.Create(ctx, client)
	if err != nil {
		return err
	}
	history, err := dynamohistory.New(client, localtables.Messages)
	if err != nil {
		return err
	}
	streams := dynamodbstreams.New(dynamodbstreams.Options{
		BaseEndpoint: &endpoint, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials(),
	})
	return server.Run(ctx, flags, server.Parts{Backend: &polled{stored, streams, arn}, History: history})
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
		ParallelizationFactor: 10, EventNames: []string{"INSERT", "MODIFY"}, PollInterval: 50 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	return poller.Run(ctx)
}
