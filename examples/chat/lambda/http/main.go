// Http is the Lambda function behind the chat's HTTP API: GraphQL over HTTP.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/examples/chat/lambda/internal/function"
)

func main() {
	logger := function.Logger()
	handler, err := newHandler(logger)
	if err != nil {
		logger.Error("starting", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler)
}

func newHandler(logger *slog.Logger) (apigw.Handler, error) {
	settings, err := function.FromEnvironment()
	if err != nil {
		return nil, err
	}
	engine, _, err := function.NewEngine(settings, logger)
	if err != nil {
		return nil, err
	}
	requests, err := graphqlhttp.NewHandler(engine, graphqlhttp.Config{Logger: logger})
	if err != nil {
		return nil, err
	}
	return apigw.NewHandler(apigw.HandlerConfig{HTTP: requests})
}
