//go:build e2e

package outages

import (
	"context"
	"strings"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
)

// topicOf is a topic of numbers; those whose names begin with "kept" have a history.
func topicOf(name string) core.Topic[int] {
	if strings.HasPrefix(name, "kept") {
		return core.NewTopic[int](name, core.Keep(1000, time.Hour))
	}
	return core.NewTopic[int](name)
}

// numbers has the numbers that are published on a topic, after a 0 which says that the
// subscription is in place.
func numbers() (*graphqlgo.Schema, error) {
	return graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"ok": {Type: graphql.Boolean}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"number": {
			Type: graphql.Int,
			Args: graphql.FieldConfigArgument{"topic": {Type: graphql.NewNonNull(graphql.String)}},
			Subscribe: func(p graphql.ResolveParams) (any, error) {
				name, _ := p.Args["topic"].(string)
				return topicOf(name).Subscribe(p.Context, core.Initial(func(context.Context) (any, error) { return 0, nil }))
			},
			Resolve: func(p graphql.ResolveParams) (any, error) {
				if initial, ok := p.Source.(int); ok {
					return initial, nil
				}
				name, _ := p.Args["topic"].(string)
				return topicOf(name).Payload(p.Context)
			},
		}}}),
	})
}
