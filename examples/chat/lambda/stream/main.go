// Stream is the Lambda function on the stream of the chat's events table: it
// delivers what was published.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/examples/chat/lambda/internal/function"
)

func main() {
	logger := function.Logger()
	engine, err := function.NewEngine(function.FromEnvironment(), logger)
	if err != nil {
		logger.Error("starting", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(dynamodb.NewStreamHandler(engine.Deliver, dynamodb.StreamConfig{
		OnSkipped: func(ctx context.Context, record events.DynamoDBEventRecord, cause error) {
			logger.ErrorContext(ctx, "a record was skipped", "record", record.EventID, "error", cause.Error())
		},
		OnFailed: func(ctx context.Context, record events.DynamoDBEventRecord, cause error) {
			logger.ErrorContext(ctx, "a batch will be repeated", "record", record.EventID, "error", cause.Error())
		},
	}))
}
