// Redis is every Lambda function of the chat, on Redis: behind the WebSocket API and
// behind the HTTP API.
package main

import (
	"log/slog"
	"os"

	"github.com/fanql/fanql/examples/chat/library"
	"github.com/fanql/fanql/examples/chat/redishistory"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/fanqllambda"
	"github.com/fanql/fanql/fanqllambda/onredis"
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
	backend, err := onredis.New(onredis.Config{})
	if err != nil {
		return config, err
	}
	chat, err := library.New(redishistory.New(backend.Client))
	return fanqllambda.Config{Schema: chat, Hooks: schema.Hooks(), Backend: backend}, err
}
