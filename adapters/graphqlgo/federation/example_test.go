package federation_test

import (
	"context"
	"fmt"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/graphqlgo/federation"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// Reviews are this subgraph's; the name and the price of a product are another's. A
// router asks for the products of its clients' reviews by their IDs.
func ExampleNewSchema() {
	type Review struct{ ID, Text string }
	reviews := map[string][]Review{"table": {{"1", "Stable."}}}

	review := graphql.NewObject(graphql.ObjectConfig{Name: "Review", Fields: graphql.Fields{
		"id": {Type: graphql.NewNonNull(graphql.ID)}, "text": {Type: graphql.String},
	}})
	type Product struct {
		ID      string
		Reviews []Review
	}
	product := graphql.NewObject(graphql.ObjectConfig{Name: "Product", Fields: graphql.Fields{
		"id": {Type: graphql.NewNonNull(graphql.ID)}, "reviews": {Type: graphql.NewList(review)},
	}})
	added := core.NewTopic[Review]("reviews")

	// docs:start subgraph
	schema, err := federation.NewSchema(graphql.SchemaConfig{
		Types: []graphql.Type{product},
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"reviewed": {
			Type:      review,
			Subscribe: func(p graphql.ResolveParams) (any, error) { return added.Subscribe(p.Context) },
			Resolve:   func(p graphql.ResolveParams) (any, error) { return added.Payload(p.Context) },
		}}}),
	}, federation.Config{
		Directives: map[string][]federation.Directive{
			"Product":     {federation.Key("id")},
			"Review.text": {federation.Tag("public")},
		},
		Entities: map[string]federation.Resolver{
			"Product": federation.Resolve(func(_ context.Context, ids []string) ([]*Product, error) {
				products := make([]*Product, len(ids))
				for i, id := range ids { // one query of a database for all of them
					products[i] = &Product{ID: id, Reviews: reviews[id]}
				}
				return products, nil
			}),
		},
	})
	// docs:end subgraph
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := fanql.NewServer(fanql.Config{Schema: schema}) // and server.ListenAndServe
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(schema.SDL())
	response, err := server.Engine().Execute(context.Background(), ports.Request{
		Query:     `query ($products: [_Any!]!) { _entities(representations: $products) { ... on Product { reviews { text } } } }`,
		Variables: []byte(`{"products": [{"__typename": "Product", "id": "table"}, {"__typename": "Product"}]}`),
	})
	fmt.Println(string(response.Body), err)
	// Output:
	// extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@tag"])
	//
	// type Product @key(fields: "id") {
	//   id: ID!
	//   reviews: [Review]
	// }
	//
	// type Review {
	//   id: ID!
	//   text: String @tag(name: "public")
	// }
	//
	// type Subscription {
	//   reviewed: Review
	// }
	// {"data":{"_entities":[{"reviews":[{"text":"Stable."}]},null]},"errors":[{"message":"representations[1]: it lacks fields of the key of Product: \"id\"","locations":[{"line":1,"column":31}],"path":["_entities",1]}]} <nil>
}
