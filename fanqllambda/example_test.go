package fanqllambda_test

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/fanqllambda"
	"github.com/fanql/fanql/fanqllambda/ondynamodb"
	"github.com/fanql/fanql/fanqllambda/onredis"
)

// exampleSchema is the schema of the examples.
func exampleSchema() (*graphqlgo.Schema, error) { return graphqlgo.NewSchema(graphql.SchemaConfig{}) }

// Every function on DynamoDB: behind the WebSocket API, on the stream of the events
// table, and behind an HTTP API or a function URL.
func ExampleStart_dynamodb() {
	// docs:start dynamodb
	schema, err := exampleSchema()
	if err != nil {
		log.Fatal(err)
	}
	backend, err := ondynamodb.New(ondynamodb.Config{})
	if err != nil {
		log.Fatal(err)
	}
	fanqllambda.Start(fanqllambda.Config{
		Schema: schema, Backend: backend,
	})
	// docs:end dynamodb
}

// The container that delivers what functions on Redis publish.
func ExampleWork() {
	schema, err := exampleSchema()
	if err != nil {
		log.Fatal(err)
	}
	// docs:start work
	backend, err := onredis.New(onredis.Config{})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := fanqllambda.Work(ctx, fanqllambda.Config{Schema: schema, Backend: backend}); err != nil {
		log.Print(err)
	}
	// docs:end work
}

// Every function on Redis.
func ExampleStart_redis() {
	// docs:start redis
	schema, err := exampleSchema()
	if err != nil {
		log.Fatal(err)
	}
	backend, err := onredis.New(onredis.Config{})
	if err != nil {
		log.Fatal(err)
	}
	fanqllambda.Start(fanqllambda.Config{
		Schema: schema, Backend: backend,
	})
	// docs:end redis
}
