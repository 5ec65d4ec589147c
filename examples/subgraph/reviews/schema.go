// Package reviews is a subgraph in graphql-go. Its reviews refer to products, which are
// entities of another subgraph.
package reviews

import (
	"sync"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
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

// latest is the last review that this process has taken.
type latest struct {
	mu     sync.Mutex
	review *Review
}

func (l *latest) get(graphql.ResolveParams) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.review, nil
}

func (l *latest) set(review Review) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.review = &review
}

// New builds the schema. schema.graphqls, beside it, is the same for the composition of
// a supergraph.
func New() (*graphqlgo.Schema, error) {
	product := graphql.NewObject(graphql.ObjectConfig{Name: "Product", Fields: graphql.Fields{
		"upc": {Type: graphql.NewNonNull(graphql.ID)},
	}})
	review := graphql.NewObject(graphql.ObjectConfig{Name: "Review", Fields: graphql.Fields{
		"body":    {Type: graphql.NewNonNull(graphql.String)},
		"product": {Type: graphql.NewNonNull(product)},
	}})
	latest := &latest{}
	return graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"latestReview": {Type: review, Resolve: latest.get},
		}}),
		Mutation:     graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: graphql.Fields{"review": mutation(review, latest)}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"reviewed": subscription(review)}}),
	})
}

func topic() core.Topic[Review] { return core.NewTopic[Review]("reviews") }

func mutation(review *graphql.Object, latest *latest) *graphql.Field {
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
			latest.set(said)
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
