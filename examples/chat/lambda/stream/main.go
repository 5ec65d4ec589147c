// Stream is the Lambda function on the stream of the chat's events table: it
// delivers what was published.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fanql/fanql/examples/chat/lambda/internal/function"
)

func main() {
	logger := function.Logger()
	engine, backend, err := function.NewEngine(function.FromEnvironment(), logger)
	if err != nil {
		logger.Error("starting", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(backend.StreamHandler(engine.Deliver))
}
