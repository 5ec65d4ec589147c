package gqlgen_test

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/extension"

	"github.com/fanql/fanql/adapters/gqlgen"
	"github.com/fanql/fanql/adapters/gqlgen/internal/testschema"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// An engine takes what gqlgen has generated, with the settings that gqlgen's own
// server would have.
func ExampleNew() {
	var config testschema.Config // made by gqlgen
	config.Resolvers = &testschema.Resolver{}

	schema, err := gqlgen.New(testschema.NewExecutableSchema(config),
		gqlgen.Use(extension.FixedComplexityLimit(100)),
		gqlgen.AroundFields(func(ctx context.Context, next graphql.Resolver) (any, error) {
			return next(ctx)
		}),
		gqlgen.ErrorPresenter(graphql.DefaultErrorPresenter),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	backend, pusher := must.Make(memory.New(memory.Config{})), must.Make(memory.NewPusher(memory.PusherConfig{}))
	engine, err := core.New(core.Config{Schema: schema, Store: backend, Bus: backend, Pusher: pusher})
	if err != nil {
		fmt.Println(err)
		return
	}

	response, err := engine.Execute(context.Background(), ports.Request{Query: `{ post { title author { name } } }`})
	fmt.Println(string(response.Body), err)
	// Output: {"data":{"post":{"title":"first","author":{"name":"author of first"}}}} <nil>
}
