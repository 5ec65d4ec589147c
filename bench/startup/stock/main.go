// Stock is the chat's function on DynamoDB, with a client and credentials of the
// SDK's stock configuration, which is what the comparison is about: the chat's own
// main reads the environment itself.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/examples/chat/dynamohistory"
	"github.com/fanql/fanql/examples/chat/library"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/fanqllambda"
	"github.com/fanql/fanql/fanqllambda/ondynamodb"
)

func main() {
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	slog.SetDefault(logger)
	config, err := newConfig(context.Background())
	if err != nil {
		logger.Error("the function cannot start", slog.Any("error", err))
		os.Exit(1)
	}
	fanqllambda.Start(config)
}

func newConfig(ctx context.Context) (result fanqllambda.Config, err error) {
	stock, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return result, err
	}
	backend, err := ondynamodb.New(ondynamodb.Config{Backend: func(c *dynamodb.Config) {
		c.Client = sdk.NewFromConfig(stock)
	}})
	if err != nil {
		return result, err
	}
	history, err := dynamohistory.New(backend.Client, os.Getenv("CHAT_MESSAGES_TABLE"))
	if err != nil {
		return result, err
	}
	chat, err := library.New(history)
	return fanqllambda.Config{Schema: chat, Hooks: schema.Hooks(), Backend: backend, Credentials: stock.Credentials}, err
}
