package graphqlgo_test

import (
	"encoding/json"
	"testing"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/language/parser"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

type author struct {
	Name string `json:"name"`
}

func eventSchema(t testing.TB) graphql.Schema {
	t.Helper()
	authorType := object("Author", graphql.Fields{"name": {Type: graphql.NewNonNull(graphql.String)}})
	messageType := object("Message", graphql.Fields{
		"id":     {Type: graphql.NewNonNull(graphql.ID)},
		"text":   {Type: graphql.NewNonNull(graphql.String)},
		"author": {Type: graphql.NewNonNull(authorType)},
		"sentAt": {Type: graphql.String},
	})
	source := func(p graphql.ResolveParams) (any, error) { return p.Source, nil }
	schema, err := graphql.NewSchema(graphql.SchemaConfig{
		Query: object("Query", graphql.Fields{"a": value(graphql.Int, 1)}),
		Subscription: object("Subscription", graphql.Fields{"message": {
			Type: messageType, Resolve: source, Subscribe: source,
			Args: graphql.FieldConfigArgument{"room": {Type: graphql.NewNonNull(graphql.ID)}, "min": {Type: graphql.Int}},
		}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

const eventDocument = `subscription($room:ID!,$min:Int){message(room:$room,min:$min){id text author{name} sentAt}}`

func eventRoots() map[string]any {
	return map[string]any{
		"map": map[string]any{"id": "m1", "text": "hello, world", "author": map[string]any{"name": "Ada"}, "sentAt": "2026-11-28T10:00:00Z"},
		"struct": &struct {
			ID, Text string
			Author   *author
			SentAt   string
		}{"m1", "hello, world", &author{"Ada"}, "2026-11-28T10:00:00Z"},
	}
}

func BenchmarkEvent(b *testing.B) {
	source := eventSchema(b)
	schema, err := graphqlgo.New(source)
	if err != nil {
		b.Fatal(err)
	}
	prepared, _ := schema.Prepare(eventDocument, ports.Limits{})
	operation, _ := prepared.Operation("")
	variables := []byte(`{"room":"lobby","min":3}`)
	for _, name := range []string{"map", "struct"} {
		root := eventRoots()[name]
		b.Run(name+"/bind and execute", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bound, errs := operation.Bind(b.Context(), variables, masked)
				if errs != nil {
					b.Fatal(errs)
				}
				bound.Execute(b.Context(), ports.Call{Root: root, Format: masked})
			}
		})
		b.Run(name+"/execute", func(b *testing.B) {
			bound, _ := operation.Bind(b.Context(), variables, masked)
			b.ReportAllocs()
			for b.Loop() {
				bound.Execute(b.Context(), ports.Call{Root: root, Format: masked})
			}
		})
		b.Run(name+"/graphql-go", func(b *testing.B) {
			parsed, err := parser.Parse(parser.ParseParams{Source: eventDocument})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				var decoded map[string]any
				if err := json.Unmarshal(variables, &decoded); err != nil {
					b.Fatal(err)
				}
				result := graphql.Execute(graphql.ExecuteParams{Schema: source, Root: root, AST: parsed, Args: decoded, Context: b.Context()})
				if _, err := json.Marshal(result); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	source := eventSchema(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := graphqlgo.New(source); err != nil {
			b.Fatal(err)
		}
	}
}
