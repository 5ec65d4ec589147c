package deploy_test

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// docs:start field
type User struct {
	Name string `json:"name"`
}

func messageFeed(message graphql.Output) *graphql.Field {
	return &graphql.Field{
		Type: message,
		Subscribe: func(p graphql.ResolveParams) (any, error) {
			if _, err := core.StateAs[User](p.Context); err != nil {
				return nil, err // the client reads it
			}
			return core.Subscribe(p.Context, []string{"NEW_MESSAGE"})
		},
		Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
	}
}

func signIn(_ context.Context, payload json.RawMessage) (core.Session, error) {
	var user User
	if err := json.Unmarshal(payload, &user); err != nil || user.Name == "" {
		return core.Session{}, core.Public("say who you are")
	}
	return core.Session{State: user}, nil
}

// docs:end field

// docs:start engine
func newHandler(aws aws.Config, schema ports.Schema) (apigw.Handler, error) {
	backend, err := dynamodb.New(dynamodb.Config{Client: sdk.NewFromConfig(aws)})
	if err != nil {
		return nil, err
	}
	pusher, err := apigw.NewPusher(apigw.PusherConfig{Region: aws.Region, Credentials: aws.Credentials})
	if err != nil {
		return nil, err
	}
	engine, err := core.New(core.Config{
		Schema: schema,
		Store:  backend,
		Bus:    backend,
		Pusher: pusher,
		Hooks:  core.Hooks{OnInit: signIn},
	})
	if err != nil {
		return nil, err
	}
	requests, err := graphqlhttp.NewHandler(engine, graphqlhttp.Config{})
	if err != nil {
		return nil, err
	}
	return apigw.NewHandler(apigw.HandlerConfig{
		Engine: engine,                                // the WebSocket API
		Stream: backend.StreamHandler(engine.Deliver), // the events table's stream
		HTTP:   requests,                              // an HTTP API or a function URL
	})
}

// docs:end engine

// Example_functions is compiled, not run: it is the main of every function.
func Example_functions() {
	var handler apigw.Handler // of newHandler
	// docs:start functions
	lambda.Start(handler)
	// docs:end functions
}

var (
	_ = newHandler
	_ = messageFeed
)
