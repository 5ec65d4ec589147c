// Package fanqllambda is a whole Lambda function of GraphQL with subscriptions. One
// binary is the function behind a WebSocket API, the function on a DynamoDB stream,
// and the function behind an HTTP API or a function URL: it tells them apart by the
// event.
//
//	func main() {
//		backend, err := ondynamodb.New(ondynamodb.Config{})
//		if err != nil {
//			log.Fatal(err)
//		}
//		fanqllambda.Start(fanqllambda.Config{Schema: schema, Backend: backend})
//	}
//
// Package ondynamodb, or package onredis in its place, makes the backend of what the
// environment of the function says. Package fanqllambda links neither.
//
// The environment has
//
//	FANQL_ENDPOINT   where clients are posted to, such as
//	                 https://abc123.execute-api.eu-west-1.amazonaws.com/prod.
//	                 Empty: where an event says that its client came from
//	FANQL_ORIGINS    the origins of pages that may connect, with spaces between, as
//	                 in apigw.HandlerConfig.Origins
//	FANQL_DELIVERY   who delivers what is published: a Delivery
//	FANQL_METRICS    emf.Config.Stack: the name under which metrics are written to the
//	                 standard output, in CloudWatch's embedded metric format. Empty:
//	                 none are
//	AWS_REGION and the role's credentials, which Lambda sets
package fanqllambda

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/callback"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// Delivery says who delivers what is published.
type Delivery string

// The ways to deliver.
const (
	// Stream: the function on the DynamoDB stream of the backend.
	Stream Delivery = "stream"
	// Worker: a process that stays, which runs Work.
	Worker Delivery = "worker"
	// Direct: the invocation that publishes, before it goes on; see memory.Direct for
	// what that keeps. The backend carries no events.
	Direct Delivery = "direct"
)

// Config is what a function is made of. Schema and Backend are required; every
// other zero field stands for its default.
type Config struct {
	// Schema is what clients are served.
	Schema ports.Schema
	// Hooks are called in the life of connections and operations.
	Hooks core.Hooks
	// Backend keeps connections and operations, and carries the events. If its events
	// come through a DynamoDB stream, it has the StreamHandler of a dynamodb.Backend.
	Backend ports.Backend
	// Delivery says who delivers what is published. Default: FANQL_DELIVERY, and
	// without it Stream where Backend has a StreamHandler. Where it has none, one of
	// the two is required.
	Delivery Delivery
	// Callbacks also serves federated routers that give callback URLs for their
	// subscriptions, over HTTP. Heartbeats need a process that stays: unless the delivery
	// is Worker, a router that asks for them is refused, and a subscription lives as long
	// as core.Config.ConnectionTTL, whose default is a day then. Default: such a request
	// is answered as any other.
	Callbacks *callback.Config
	// Credentials sign the posts to clients. Default: those of the environment, which
	// Lambda sets; see Credentials. A worker on ECS or EKS has none there, and takes them
	// from the SDK: endpointcreds, or config.LoadDefaultConfig.
	Credentials aws.CredentialsProvider
	// Logger receives what nobody else does. It is limited (ports.LimitLogger). Default:
	// slog.Default().
	Logger *slog.Logger

	// Core, APIGateway, Pusher and HTTP change the configurations of the parts. Each
	// is called once, with what the fields above and the environment come to; the
	// Endpoint that APIGateway sets is also Pusher's. Default: nothing is changed.
	Core       func(*core.Config)
	APIGateway func(*apigw.HandlerConfig)
	Pusher     func(*apigw.PusherConfig)
	HTTP       func(*graphqlhttp.Config)
}

// Start runs the function, and does not return. What is wrong with the
// configuration is logged and ends the process.
func Start(config Config) {
	handler, err := Handler(config)
	if err != nil {
		config.logger().Error("the function cannot start", slog.Any("error", err))
		os.Exit(1)
	}
	lambda.Start(handler)
}

// Handler is the function that Start runs, for tests, and for programs that wrap it.
// It does no I/O. The error names the field or the variable that is missing or wrong
// (ErrInvalid), or is the error of one of the parts.
func Handler(config Config) (apigw.Handler, error) {
	f, err := newFunction(config)
	if err != nil {
		return nil, err
	}
	handler, err := apigw.NewHandler(f.handler)
	if err != nil || f.metrics == nil {
		return handler, err
	}
	return func(ctx context.Context, event json.RawMessage) (json.RawMessage, error) {
		defer f.flush(ctx)
		return handler(ctx, event)
	}, nil
}
