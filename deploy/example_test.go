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
		return core.Session{}, core.Refuse("say who you are")
	}
	return core.Session{State: user}, nil
}

// docs:end field

// docs:start engine
func newEngine(aws aws.Config, schema ports.Schema) (*core.Engine, error) {
	client := sdk.NewFromConfig(aws)
	store := dynamodb.NewStore(client, dynamodb.StoreConfig{
		Tables: dynamodb.Tables{Connections: "connections", Subscriptions: "subscriptions"},
	})
	return core.New(core.Config{
		Schema: schema,
		Store:  store,
		Bus:    dynamodb.NewBus(client, dynamodb.BusConfig{Table: "events"}),
		Pusher: apigw.NewPusher(apigw.PusherConfig{Region: aws.Region, Credentials: aws.Credentials}),
		Hooks:  core.Hooks{OnInit: signIn},
	})
}

// docs:end engine

// Example_functions is compiled, not run: each line is a function's main.
func Example_functions() {
	var engine *core.Engine // of newEngine
	// docs:start functions
	lambda.Start(apigw.NewHandler(engine, apigw.HandlerConfig{}))                            // WebSocket
	lambda.Start(dynamodb.NewStreamHandler(engine.Deliver, dynamodb.StreamConfig{}))         // stream
	lambda.Start(apigw.NewHTTPHandler(graphqlhttp.NewHandler(engine, graphqlhttp.Config{}))) // HTTP
	// docs:end functions
}

var (
	_ = newEngine
	_ = messageFeed
)
