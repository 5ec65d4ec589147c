// Package reviews is a subgraph in graphql-go. Its reviews refer to products, which are
// entities of another subgraph, and it adds their reviews to them.
package reviews

import (
	"context"
	"slices"
	"sync"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo/federation"
	"github.com/fanql/fanql/core"
)

// Review is what somebody says of a product.
type Review struct {
	Body    string  `json:"body"`
	Product Product `json:"product"`
}

// Product is one of another subgraph, by its key.
type Product struct {
	UPC string `json:"upc"`
}

// New builds the schema, on reviews in the memory of the process.
func New() (*federation.Schema, error) {
	kept := &reviews{}
	product := graphql.NewObject(graphql.ObjectConfig{Name: "Product", Fields: graphql.Fields{
		"upc": {Type: graphql.NewNonNull(graphql.ID)},
	}})
	review := graphql.NewObject(graphql.ObjectConfig{Name: "Review", Fields: graphql.Fields{
		"body":    {Type: graphql.NewNonNull(graphql.String)},
		"product": {Type: graphql.NewNonNull(product)},
	}})
	list := graphql.NewNonNull(graphql.NewList(graphql.NewNonNull(review)))
	product.AddFieldConfig("reviews", &graphql.Field{Type: list, Resolve: func(p graphql.ResolveParams) (any, error) {
		product, _ := p.Source.(Product)
		return kept.of(product), nil
	}})
	return federation.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"reviews": {Type: list, Resolve: func(graphql.ResolveParams) (any, error) { return kept.all(), nil }},
		}}),
		Mutation:     graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: graphql.Fields{"review": mutation(review, kept)}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"reviewed": subscription(review)}}),
	}, federation.Config{
		Directives: map[string][]federation.Directive{"Product": {federation.Key("upc")}},
		Entities: map[string]federation.Resolver{
			"Product": federation.Resolve(func(_ context.Context, keys []Product) ([]Product, error) { return keys, nil }),
		},
	})
}

func topic() core.Topic[Review] { return core.NewTopic[Review]("reviews") }

func mutation(review *graphql.Object, kept *reviews) *graphql.Field {
	return &graphql.Field{
		Type: graphql.NewNonNull(review),
		Args: graphql.FieldConfigArgument{
			"upc":  {Type: graphql.NewNonNull(graphql.ID)},
			"body": {Type: graphql.NewNonNull(graphql.String)},
		},
		Resolve: func(p graphql.ResolveParams) (any, error) {
			upc, _ := p.Args["upc"].(string)
			body, _ := p.Args["body"].(string)
			said := Review{Body: body, Product: Product{UPC: upc}}
			kept.add(said)
			return said, topic().Publish(p.Context, said)
		},
	}
}

func subscription(review *graphql.Object) *graphql.Field {
	return &graphql.Field{
		Type: graphql.NewNonNull(review),
		Args: graphql.FieldConfigArgument{"upc": {Type: graphql.ID}},
		Subscribe: func(p graphql.ResolveParams) (any, error) {
			if upc, ok := p.Args["upc"].(string); ok {
				return topic().Subscribe(p.Context, core.Where("product.upc", core.Eq, upc))
			}
			return topic().Subscribe(p.Context)
		},
		Resolve: func(p graphql.ResolveParams) (any, error) { return topic().Payload(p.Context) },
	}
}

// reviews are those that this process has taken.
type reviews struct {
	mu   sync.Mutex
	list []Review
}

func (r *reviews) add(review Review) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, review)
}

func (r *reviews) all() []Review {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}

// of are the reviews of a product.
func (r *reviews) of(product Product) []Review {
	return slices.DeleteFunc(r.all(), func(review Review) bool { return review.Product != product })
}
