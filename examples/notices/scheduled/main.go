// Scheduled is a Lambda function that puts a notice on a board whenever EventBridge
// Scheduler invokes it.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/notices"
	"github.com/fanql/fanql/fanqllambda/ondynamodb"
)

// docs:start scheduled

// Schedule is the Input of the schedule.
type Schedule struct {
	Tenant string
	// At is when the invocation was due. It is the same when the invocation is repeated.
	At string
}

func main() {
	handler, err := newHandler()
	if err != nil {
		slog.Error("the function cannot start", slog.Any("error", err))
		os.Exit(1)
	}
	lambda.Start(handler)
}

func newHandler() (func(context.Context, Schedule) error, error) {
	backend, err := ondynamodb.New(ondynamodb.Config{})
	if err != nil {
		return nil, err
	}
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: backend})
	return func(ctx context.Context, schedule Schedule) error {
		notice := notices.Notice{ID: schedule.At, Text: "The report is ready."}
		return publisher.Publish(ctx, notices.Board(schedule.Tenant, "news").Event(notice))
	}, err
}

// docs:end scheduled
