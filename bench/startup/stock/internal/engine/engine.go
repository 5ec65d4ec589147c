// Package engine composes the chat on the stock configuration of the SDK, which
// is what the comparison is about: the chat's own mains read the environment
// themselves.
package engine

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/core"
	chatgraphqlgo "github.com/fanql/fanql/examples/chat-graphqlgo"
	"github.com/fanql/fanql/examples/chat/schema"
)

// Logger writes JSON, as the chat's mains do.
func Logger() *slog.Logger { return slog.New(slog.NewJSONHandler(os.Stderr, nil)) }

// New composes the engine and its backend. Its history is in memory, since the chat's own is
// internal to it.
func New(ctx context.Context, logger *slog.Logger) (*core.Engine, *dynamodb.Backend, error) {
	stock, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, nil, err
	}
	backend, err := dynamodb.New(dynamodb.Config{Client: sdk.NewFromConfig(stock), Logger: logger, Tables: dynamodb.Tables{
		Connections:   os.Getenv("FANQL_CONNECTIONS_TABLE"),
		Subscriptions: os.Getenv("FANQL_SUBSCRIPTIONS_TABLE"),
		Events:        os.Getenv("FANQL_EVENTS_TABLE"),
	}})
	if err != nil {
		return nil, nil, err
	}
	chat, err := chatgraphqlgo.New(schema.NewMemoryHistory(schema.DefaultRooms()...))
	if err != nil {
		return nil, nil, err
	}
	pusher, err := apigw.NewPusher(apigw.PusherConfig{
		Region: stock.Region, Credentials: stock.Credentials, Endpoint: os.Getenv("FANQL_ENDPOINT"),
	})
	if err != nil {
		return nil, nil, err
	}
	engine, err := core.New(core.Config{
		Schema: chat, Store: backend, Bus: backend, Pusher: pusher,
		Hooks: schema.Hooks(), Logger: logger,
	})
	return engine, backend, err
}
