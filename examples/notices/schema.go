// Package notices is the program of docs/recipes.md: boards of notices for several
// tenants, whose users sign in with a JWT, in connection_init or in a cookie.
package notices

import (
	"crypto/rand"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
)

// docs:start topic

// Notice is something that a tenant's users are sent.
type Notice struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Board is the topic of one board of one tenant.
func Board(tenant, name string) core.Topic[Notice] {
	return core.NewTopic[Notice]("tenant/"+tenant+"/board/"+name, core.Keep(1000, time.Hour))
}

// docs:end topic

// NewSchema makes the schema.
func NewSchema() (*graphqlgo.Schema, error) {
	notice := graphql.NewObject(graphql.ObjectConfig{Name: "Notice", Fields: graphql.Fields{
		"id":   {Type: graphql.NewNonNull(graphql.ID)},
		"text": {Type: graphql.NewNonNull(graphql.String)},
	}})
	required := func(kind graphql.Type) *graphql.ArgumentConfig {
		return &graphql.ArgumentConfig{Type: graphql.NewNonNull(kind)}
	}
	return graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"me": {Type: graphql.NewNonNull(graphql.String), Resolve: func(p graphql.ResolveParams) (any, error) {
				user, err := userFrom(p.Context)
				return user.Name, err
			}},
		}}),
		Mutation: graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: graphql.Fields{
			"post": {
				Type:    graphql.NewNonNull(notice),
				Args:    graphql.FieldConfigArgument{"board": required(graphql.ID), "text": required(graphql.String)},
				Resolve: post,
			},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"notices": {
				Type:      graphql.NewNonNull(notice),
				Args:      graphql.FieldConfigArgument{"board": required(graphql.ID)},
				Subscribe: subscribe,
				Resolve:   func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
			},
		}}),
	})
}

// docs:start resolvers
func subscribe(p graphql.ResolveParams) (any, error) {
	user, err := userFrom(p.Context)
	if err != nil {
		return nil, err
	}
	board, _ := p.Args["board"].(string)
	return Board(user.Tenant, board).Subscribe(p.Context)
}

func post(p graphql.ResolveParams) (any, error) {
	user, err := userFrom(p.Context)
	if err != nil {
		return nil, err
	}
	board, _ := p.Args["board"].(string)
	text, _ := p.Args["text"].(string)
	notice := Notice{ID: rand.Text(), Text: text}
	return notice, Board(user.Tenant, board).Publish(p.Context, notice)
}

// docs:end resolvers
