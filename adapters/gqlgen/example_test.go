package gqlgen_test

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/extension"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/gqlgen"
	"github.com/fanql/fanql/adapters/gqlgen/internal/testschema"
	"github.com/fanql/fanql/ports"
)

// A server takes what gqlgen has generated, with the settings that gqlgen's own
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
	server, err := fanql.NewServer(fanql.Config{Schema: schema, Path: "/query"}) // and server.ListenAndServe
	if err != nil {
		fmt.Println(err)
		return
	}

	response, err := server.Engine().Execute(context.Background(), ports.Request{Query: `{ post { title author { name } } }`})
	fmt.Println(string(response.Body), err)
	// Output: {"data":{"post":{"title":"first","author":{"name":"author of first"}}}} <nil>
}
