// Package function is what the chat's three Lambda functions have in common: the
// engine, on DynamoDB and API Gateway.
package function

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/chat/internal/dynamohistory"
	"github.com/fanql/fanql/examples/chat/lambda/internal/role"
	"github.com/fanql/fanql/examples/chat/schema"
)

// Settings are the function's environment, as deploy/template.yaml sets it.
type Settings struct {
	// Tables and Messages are the names of the tables.
	Tables   dynamodb.Tables
	Messages string
	// Endpoint is where connections are posted to. Empty: where an event says that
	// its connection came from.
	Endpoint string
	// DynamoDB is the database's endpoint; empty on AWS.
	DynamoDB string
	Region   string
	// Origins are those of the pages that may connect, beside the API's own.
	Origins []string
}

// FromEnvironment reads the settings. The error names every variable that is
// missing: another table's default name is no substitute.
func FromEnvironment() (Settings, error) {
	var missing []error
	required := func(name string) string {
		value := os.Getenv(name)
		if value == "" {
			missing = append(missing, fmt.Errorf("%s is not set", name))
		}
		return value
	}
	s := Settings{
		Tables: dynamodb.Tables{
			Connections:   required("FANQL_CONNECTIONS_TABLE"),
			Subscriptions: required("FANQL_SUBSCRIPTIONS_TABLE"),
			Events:        required("FANQL_EVENTS_TABLE"),
		},
		Messages: required("CHAT_MESSAGES_TABLE"),
		Endpoint: os.Getenv("FANQL_ENDPOINT"),
		DynamoDB: os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"),
		Region:   required("AWS_REGION"),
		Origins:  strings.Fields(os.Getenv("FANQL_ORIGINS")),
	}
	return s, errors.Join(missing...)
}

// Logger writes JSON, which CloudWatch understands.
func Logger() *slog.Logger { return slog.New(slog.NewJSONHandler(os.Stderr, nil)) }

// NewEngine composes the chat's engine and its backend. It does no I/O: a cold start waits for it.
func NewEngine(settings Settings, logger *slog.Logger) (*core.Engine, *dynamodb.Backend, error) {
	credentials := role.Credentials()
	client := sdk.New(sdk.Options{
		Region: settings.Region, Credentials: credentials, BaseEndpoint: endpoint(settings.DynamoDB),
		RetryMaxAttempts: 2, // for a lost answer; the adapter itself waits when it is throttled
	})
	backend, err := dynamodb.New(dynamodb.Config{Client: client, Tables: settings.Tables, Logger: logger})
	if err != nil {
		return nil, nil, err
	}
	chat, err := schema.New(dynamohistory.New(client, settings.Messages))
	if err != nil {
		return nil, nil, err
	}
	pusher, err := apigw.NewPusher(apigw.PusherConfig{
		Region: settings.Region, Credentials: credentials, Endpoint: settings.Endpoint,
	})
	if err != nil {
		return nil, nil, err
	}
	engine, err := core.New(core.Config{
		Schema: chat,
		Store:  backend,
		Bus:    backend,
		Pusher: pusher,
		Hooks:  schema.Hooks(),
		Logger: logger,
	})
	return engine, backend, err
}

func endpoint(url string) *string {
	if url == "" {
		return nil
	}
	return &url
}
