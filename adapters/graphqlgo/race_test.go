package graphqlgo_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

// racySchema has what graphql-go looks up lazily: an object that narrows the field of
// an interface, unions, enums and scalars.
func racySchema(t testing.TB) graphql.Schema {
	t.Helper()
	color := graphql.NewEnum(graphql.EnumConfig{Name: "Color", Values: graphql.EnumValueConfigMap{"RED": {Value: 1}, "BLUE": {Value: 2}}})
	node := graphql.NewInterface(graphql.InterfaceConfig{Name: "Node", Fields: graphql.Fields{"id": {Type: graphql.ID}}})
	post := graphql.NewObject(graphql.ObjectConfig{
		Name: "Post", Interfaces: []*graphql.Interface{node}, Fields: graphql.Fields{"id": {Type: graphql.ID}, "color": {Type: color}, "at": {Type: graphql.DateTime}},
		IsTypeOf: func(p graphql.IsTypeOfParams) bool { return p.Value.(map[string]any)["color"] != nil },
	})
	user := graphql.NewObject(graphql.ObjectConfig{
		Name: "User", Interfaces: []*graphql.Interface{node}, Fields: graphql.Fields{"id": {Type: graphql.ID}},
		IsTypeOf: func(p graphql.IsTypeOfParams) bool { return p.Value.(map[string]any)["color"] == nil },
	})
	edge := graphql.NewInterface(graphql.InterfaceConfig{Name: "Edge", Fields: graphql.Fields{"node": {Type: node}}})
	postEdge := graphql.NewObject(graphql.ObjectConfig{
		Name: "PostEdge", Interfaces: []*graphql.Interface{edge}, Fields: graphql.Fields{"node": {Type: post}},
		IsTypeOf: func(graphql.IsTypeOfParams) bool { return true },
	})
	anyOf := graphql.NewUnion(graphql.UnionConfig{Name: "Any", Types: []*graphql.Object{post, user}})
	entries := []any{map[string]any{"id": "p", "color": 1}, map[string]any{"id": "u"}}
	schema, err := graphql.NewSchema(graphql.SchemaConfig{
		Query: object("Query", graphql.Fields{
			"nodes": value(graphql.NewList(node), entries), "any": value(graphql.NewList(anyOf), entries),
			"edge":  value(edge, map[string]any{"node": entries[0]}),
			"color": {Type: color, Args: graphql.FieldConfigArgument{"of": {Type: color, DefaultValue: 2}}, Resolve: func(p graphql.ResolveParams) (any, error) { return p.Args["of"], nil }},
		}),
		Types: []graphql.Type{postEdge},
	})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

const racyDocument = `query($c:Color=RED,$d:Boolean=true){nodes{...on Post{color} id} any{__typename ...on Node{id}} edge{node{id} ...on PostEdge{node{color}}} color red:color(of:$c) color2:color @include(if:$d) __type(name:"Edge"){possibleTypes{name}}}`

const racyResult = `{"data":{"nodes":[{"color":"RED","id":"p"},{"id":"u"}],"any":[{"__typename":"Post","id":"p"},{"__typename":"User","id":"u"}],` +
	`"edge":{"node":{"id":"p","color":"RED"}},"color":"BLUE","red":"RED","color2":"BLUE","__type":{"possibleTypes":[{"name":"PostEdge"}]}}}`

// Schemas are made at once, of types that they share, and asked at once from their
// first request on; a document, too, is used at once. The race detector looks on.
func TestFirstRequestsAtOnce(t *testing.T) {
	for range 50 {
		source := racySchema(t)
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() {
				schema, err := graphqlgo.New(source)
				if err != nil {
					t.Error(err)
					return
				}
				shared, errs := schema.Prepare(racyDocument, ports.Limits{})
				if errs != nil {
					t.Errorf("%s", errs.AppendJSON(nil))
					return
				}
				for i := range 8 {
					group.Go(func() {
						prepared := shared
						if i%2 == 0 {
							prepared, _ = schema.Prepare(racyDocument, ports.Limits{})
						}
						if got := run(t, prepared); got != racyResult {
							t.Errorf("got  %s\nwant %s", got, racyResult)
						}
					})
				}
			})
		}
		group.Wait()
	}
}

func run(t testing.TB, prepared ports.Document) string {
	operation, errs := prepared.Operation("")
	if errs != nil {
		return fmt.Sprint(errs)
	}
	bound, errs := operation.Bind(t.Context(), nil, masked)
	if errs != nil {
		return fmt.Sprint(errs)
	}
	return string(bound.Execute(t.Context(), ports.Call{Format: masked}).Body)
}
