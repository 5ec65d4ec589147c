// Websocket is the Lambda function behind every route of the chat's WebSocket API.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/examples/chat/lambda/internal/function"
)

func main() {
	settings, logger := function.FromEnvironment(), function.Logger()
	engine, err := function.NewEngine(settings, logger)
	if err != nil {
		logger.Error("starting", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(apigw.NewHandler(engine, apigw.HandlerConfig{Endpoint: settings.Endpoint}))
}
