//go:build e2e

package federation

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo/federation"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

type review struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	// Product is the key of a product, which another subgraph knows.
	Product *product `json:"product"`
}

type product struct {
	UPC   string `json:"upc"`
	Price *int   `json:"price"`
}

// hidden is a product without reviews.
const hidden = "3"

// reviews is the subgraph in graphql-go: reviews of the products of examples/subgraph,
// whose prices it requires.
type reviews struct {
	mu      sync.Mutex
	batches [][]product // what the entity resolver of products was called with
	added   core.Topic[review]
}

func newReviews() *reviews { return &reviews{added: core.NewTopic[review]("reviews")} }

func (r *reviews) products(_ context.Context, keys []product) ([]*product, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches = append(r.batches, keys)
	products, errs := make([]*product, len(keys)), make(federation.Errors, len(keys))
	for i, key := range keys {
		if key.UPC == hidden {
			errs[i] = ports.Public("no reviews of %q", key.UPC)
			continue
		}
		products[i] = &key
	}
	return products, errs
}

func (r *reviews) schema(t *testing.T) *federation.Schema {
	t.Helper()
	field := func(of graphql.Output, resolve graphql.FieldResolveFn) *graphql.Field {
		return &graphql.Field{Type: of, Resolve: resolve}
	}
	required := func(of graphql.Type) graphql.Output { return graphql.NewNonNull(of) }
	reviewType := graphql.NewObject(graphql.ObjectConfig{Name: "Review", Fields: graphql.Fields{"id": {Type: required(graphql.ID)}, "text": {Type: required(graphql.String)}}})
	productType := graphql.NewObject(graphql.ObjectConfig{Name: "Product", Fields: graphql.Fields{
		"upc":   {Type: required(graphql.ID)},
		"price": {Type: required(graphql.Int)},
		"reviews": field(graphql.NewList(reviewType), func(p graphql.ResolveParams) (any, error) {
			of := p.Source.(*product)
			return []review{{ID: "r" + of.UPC, Text: "about " + of.UPC, Product: of}}, nil
		}),
		"worth": field(graphql.String, func(p graphql.ResolveParams) (any, error) {
			of := p.Source.(*product)
			if of.Price == nil {
				return nil, ports.Public("the price of %q was not sent", of.UPC)
			}
			return fmt.Sprintf("worth %d", *of.Price), nil
		}),
	}})
	reviewType.AddFieldConfig("product", &graphql.Field{Type: required(productType)})
	schema, err := federation.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"latest": field(required(reviewType), func(graphql.ResolveParams) (any, error) { return review{"r1", "good", &product{UPC: "1"}}, nil }),
		}}),
		Mutation: graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: graphql.Fields{"review": {
			Type: required(reviewType), Args: graphql.FieldConfigArgument{"product": {Type: required(graphql.ID)}, "text": {Type: required(graphql.String)}},
			Resolve: func(p graphql.ResolveParams) (any, error) {
				made := review{"r2", p.Args["text"].(string), &product{UPC: p.Args["product"].(string)}}
				return made, r.added.Publish(p.Context, made)
			},
		}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"reviewed": {
			Type:      required(reviewType),
			Subscribe: func(p graphql.ResolveParams) (any, error) { return r.added.Subscribe(p.Context) },
			Resolve:   func(p graphql.ResolveParams) (any, error) { return r.added.Payload(p.Context) },
		}}}),
	}, federation.Config{
		Directives: map[string][]federation.Directive{
			"Product":       {federation.Key("upc")},
			"Product.price": {federation.External()},
			"Product.worth": {federation.Requires("price")},
		},
		Entities: map[string]federation.Resolver{"Product": federation.Resolve(r.products)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
