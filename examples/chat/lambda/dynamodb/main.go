// Dynamodb is every Lambda function of the chat, on DynamoDB: behind the WebSocket
// API, on the stream of the events table, and behind the HTTP API.
package main

import (
	"log/slog"
	"os"

	"github.com/fanql/fanql/examples/chat/dynamohistory"
	"github.com/fanql/fanql/examples/chat/library"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/fanqllambda"
	"github.com/fanql/fanql/fanqllambda/ondynamodb"
)

func main() {
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil)) // which CloudWatch understands
	slog.SetDefault(logger)
	config, err := newConfig()
	if err != nil {
		logger.Error("the function cannot start", slog.Any("error", err))
		os.Exit(1)
	}
	fanqllambda.Start(config)
}

func newConfig() (config fanqllambda.Config, err error) {
	backend, err := ondynamodb.New(ondynamodb.Config{})
	if err != nil {
		return config, err
	}
	history, err := dynamohistory.New(backend.Client, os.Getenv("CHAT_MESSAGES_TABLE"))
	if err != nil {
		return config, err
	}
	chat, err := library.New(history)
	return fanqllambda.Config{Schema: chat, Hooks: schema.Hooks(), Backend: backend}, err
}
