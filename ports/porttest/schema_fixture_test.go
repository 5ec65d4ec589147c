package porttest

import (
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

// newGraph is SchemaSDL in graphql-go.
func newGraph(t *testing.T) ports.Schema {
	t.Helper()
	source, err := graphql.NewSchema(graphql.SchemaConfig{Query: graphQuery(), Mutation: graphMutation(), Subscription: graphSubscription()})
	if err != nil {
		t.Fatal(err)
	}
	schema, err := graphqlgo.New(source)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func required(of graphql.Type) graphql.Output { return graphql.NewNonNull(of) }

// argument is the one argument of a field.
func argument(name string, of graphql.Input) graphql.FieldConfigArgument {
	return graphql.FieldConfigArgument{name: {Type: of}}
}

func graphQuery() *graphql.Object {
	failing := argument("text", required(graphql.String))
	ints := required(graphql.NewList(required(graphql.Int)))
	point := graphql.NewInputObject(graphql.InputObjectConfig{Name: "Point", Fields: graphql.InputObjectConfigFieldMap{
		"x": {Type: required(graphql.Int), DefaultValue: 7}, "y": {Type: graphql.Int},
	}})
	nest := graphNest()
	fields := graphql.Fields{
		"ints": {Type: ints, Args: argument("v", ints), Resolve: func(p graphql.ResolveParams) (any, error) {
			given := p.Args["v"].([]any)
			result := append([]any{}, given...)
			for i := range given {
				given[i] = 0
			}
			return result, nil
		}},
		"point": {Type: required(graphql.Int), Args: argument("v", required(point)), Resolve: func(p graphql.ResolveParams) (any, error) {
			v := p.Args["v"].(map[string]any)
			y, _ := v["y"].(int)
			return v["x"].(int) + y, nil
		}},
		"fail":  {Type: graphql.String, Args: failing, Resolve: func(p graphql.ResolveParams) (any, error) { return nil, Fail(p.Args["text"].(string)) }},
		"panic": {Type: graphql.String, Args: failing, Resolve: func(p graphql.ResolveParams) (any, error) { panic(p.Args["text"]) }},
		"nest":  {Type: nest, Resolve: func(graphql.ResolveParams) (any, error) { return true, nil }},
		"nests": {
			Type:    required(graphql.NewList(required(nest))),
			Args:    argument("n", required(graphql.Int)),
			Resolve: func(p graphql.ResolveParams) (any, error) { return make([]bool, p.Args["n"].(int)), nil },
		},
	}
	for _, leaf := range []*graphql.Scalar{graphql.Int, graphql.Float, graphql.String, graphql.Boolean, graphql.ID} {
		name := map[string]string{"Int": "int", "Float": "float", "String": "string", "Boolean": "boolean", "ID": "id"}[leaf.Name()]
		fields[name] = &graphql.Field{
			Type: leaf, Args: argument("v", leaf), Resolve: func(p graphql.ResolveParams) (any, error) { return p.Args["v"], nil },
		}
	}
	fields["string"].Args["v"].DefaultValue = "default"
	return graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: fields})
}

func graphNest() *graphql.Object {
	var nest *graphql.Object
	nest = graphql.NewObject(graphql.ObjectConfig{Name: "Nest", Fields: graphql.FieldsThunk(func() graphql.Fields {
		return graphql.Fields{
			"string": {Type: required(graphql.String), Resolve: func(graphql.ResolveParams) (any, error) { return "s", nil }},
			"fail":   {Type: required(graphql.String), Resolve: func(graphql.ResolveParams) (any, error) { return nil, Fail("failed") }},
			"nest":   {Type: nest, Resolve: func(graphql.ResolveParams) (any, error) { return true, nil }},
		}
	})})
	return nest
}

func graphMutation() *graphql.Object {
	return graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: graphql.Fields{"append": {
		Type: required(graphql.Int),
		Args: argument("v", required(graphql.Int)),
		Resolve: func(p graphql.ResolveParams) (any, error) {
			return Append(p.Context, p.Args["v"].(int)), nil
		},
	}}})
}

func graphSubscription() *graphql.Object {
	event := graphql.NewObject(graphql.ObjectConfig{Name: "Event", Fields: graphql.Fields{
		"id": {Type: required(graphql.ID)}, "text": {Type: graphql.String},
	}})
	return graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"event": {
		Type: event,
		Args: argument("topic", required(graphql.String)),
		Subscribe: func(p graphql.ResolveParams) (any, error) {
			return nil, Subscribed(p.Context, p.Args["topic"].(string))
		},
		Resolve: func(p graphql.ResolveParams) (any, error) {
			if _, err := Delivered(p.Context); err != nil {
				return nil, err
			}
			return p.Source, nil
		},
	}}})
}
