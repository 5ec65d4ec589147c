// Http is the chat's main of that name on the stock configuration.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/bench/startup/stock/internal/engine"
)

func main() {
	logger := engine.Logger()
	chat, _, err := engine.New(context.Background(), logger)
	if err != nil {
		logger.Error("starting", "error", err.Error())
		os.Exit(1)
	}
	requests, err := graphqlhttp.NewHandler(chat, graphqlhttp.Config{Logger: logger})
	if err != nil {
		logger.Error("starting", "error", err.Error())
		os.Exit(1)
	}
	handler, err := apigw.NewHandler(apigw.HandlerConfig{HTTP: requests})
	if err != nil {
		logger.Error("starting", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler)
}
