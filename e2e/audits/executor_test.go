//go:build e2e

package audits

import (
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
)

// newExecutor makes what the audits are run against: the engine.
func newExecutor(t *testing.T) graphqlhttp.Executor {
	t.Helper()
	hello := graphql.Fields{"hello": &graphql.Field{Type: graphql.String}}
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query:    graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: hello}),
		Mutation: graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: hello}),
	})
	if err != nil {
		t.Fatal(err)
	}
	backend := must.Make(memory.New(memory.Config{}))
	engine, err := core.New(core.Config{
		Schema: schema, Store: backend,
		Bus: backend, Pusher: must.Make(memory.NewPusher(memory.PusherConfig{})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}
