package graphqlgo_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

// What cannot work is refused, by its type and field.
func TestNewRefuses(t *testing.T) {
	a := graphql.Fields{"a": value(graphql.Int, 1)}
	source := func(p graphql.ResolveParams) (any, error) { return p.Source, nil }
	outputOnly := graphql.NewScalar(graphql.ScalarConfig{Name: "OutputOnly", Serialize: func(v any) any { return v }})
	withArgument := func(of graphql.Input, byDefault any) graphql.Fields {
		return graphql.Fields{"f": {Type: graphql.Int, Args: graphql.FieldConfigArgument{"v": {Type: of, DefaultValue: byDefault}}}}
	}
	input := func(of graphql.Input) *graphql.InputObject {
		return graphql.NewInputObject(graphql.InputObjectConfig{Name: "In", Fields: graphql.InputObjectConfigFieldMap{"x": {Type: of}}})
	}
	enum := func(name string, v any) *graphql.Enum {
		return graphql.NewEnum(graphql.EnumConfig{Name: "Enum", Values: graphql.EnumValueConfigMap{name: {Value: v}}})
	}
	named := graphql.NewInterface(graphql.InterfaceConfig{Name: "Named", Fields: graphql.Fields{"name": {Type: graphql.String}}})
	user := graphql.NewObject(graphql.ObjectConfig{Name: "User", Interfaces: []*graphql.Interface{named}, Fields: graphql.Fields{"name": {Type: graphql.String}}})
	for name, test := range map[string]struct {
		query        graphql.Fields
		subscription graphql.Fields
		config       graphql.SchemaConfig
		want         string
	}{
		"no Subscribe":             {query: a, subscription: graphql.Fields{"s": {Type: graphql.Int, Resolve: source}}, want: "Subscription.s has no Subscribe"},
		"no Resolve":               {query: a, subscription: graphql.Fields{"s": {Type: graphql.Int, Subscribe: source}}, want: "Subscription.s has no Resolve"},
		"a scalar for output only": {query: withArgument(outputOnly, nil), want: "the argument v of Query.f is of the scalar OutputOnly, which has no ParseValue"},
		"within an input object":   {query: withArgument(input(outputOnly), nil), want: "the field In.x is of the scalar OutputOnly, which has no ParseValue"},
		"extensions":               {query: a, config: graphql.SchemaConfig{Extensions: []graphql.Extension{nil, nil}}, want: "2 of graphql-go's extensions"},
		"no ResolveType":           {query: graphql.Fields{"n": {Type: named}}, config: graphql.SchemaConfig{Types: []graphql.Type{user}}, want: "Named has no ResolveType, and its possible type User has no IsTypeOf"},
		"a field named __a":        {query: graphql.Fields{"__a": value(graphql.Int, 1)}, want: "Query.__a: names that begin with __"},
		"a type named __A":         {query: graphql.Fields{"a": {Type: object("__A", a)}}, want: "the type __A: names that begin with __"},
		"an argument named __a":    {query: graphql.Fields{"f": {Type: graphql.Int, Args: graphql.FieldConfigArgument{"__a": {Type: graphql.Int}}}}, want: "Query.f.__a: names"},
		"no type in a list":        {query: graphql.Fields{"f": {Type: required(graphql.NewList(nil))}}, want: "the field Query.f has no type"},
		"an input for output":      {query: graphql.Fields{"f": {Type: input(graphql.Int)}}, want: "Query.f is of type In, which is for inputs only"},
		"an output for input":      {query: withArgument(object("Out", a), nil), want: "the argument v of Query.f is of type Out, which is for outputs only"},
		"an enum value true":       {query: graphql.Fields{"f": {Type: enum("true", 1)}}, want: "Enum.true has the name of a literal"},
		"an enum of slices":        {query: graphql.Fields{"f": {Type: enum("A", []int{1})}}, want: "Enum.A is a []int, which Go cannot compare"},
		"a broken scalar":          {query: graphql.Fields{"f": {Type: required(graphql.NewScalar(graphql.ScalarConfig{Name: "S"}))}}, want: `S must provide "serialize"`},
		"a scalar named Int": {query: graphql.Fields{"f": {Type: graphql.NewScalar(graphql.ScalarConfig{Name: "Int", Serialize: func(v any) any { return v }})}},
			want: "the scalar Int is not graphql.Int"},
		"a default value": {query: withArgument(enum("A", 1), 2), want: "the default value of the argument v of Query.f: the enum Enum has no value 2"},
		"an interface that is not implemented": {query: a, config: graphql.SchemaConfig{Types: []graphql.Type{
			graphql.NewObject(graphql.ObjectConfig{Name: "Bad", Interfaces: []*graphql.Interface{named}, Fields: a, IsTypeOf: func(graphql.IsTypeOfParams) bool { return true }}),
		}}, want: `"Named" expects field "name"`},
	} {
		t.Run(name, func(t *testing.T) {
			config := test.config
			config.Query = object("Query", test.query)
			if test.subscription != nil {
				config.Subscription = object("Subscription", test.subscription)
			}
			_, err := graphqlgo.NewSchema(config)
			if !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if _, err := graphqlgo.New(graphql.Schema{}); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("an empty schema: %v", err)
	}
}

// A type that is changed after graphql.NewSchema may lead out of the schema.
func TestNewRefusesTypesThatCameLater(t *testing.T) {
	late := object("Late", graphql.Fields{"a": value(graphql.Int, 1)})
	root := object("Query", graphql.Fields{"a": value(graphql.Int, 1)})
	source, err := graphql.NewSchema(graphql.SchemaConfig{Query: root})
	if err != nil {
		t.Fatal(err)
	}
	root.AddFieldConfig("late", &graphql.Field{Type: late})
	if _, err := graphqlgo.New(source); err == nil || !strings.Contains(err.Error(), "Query.late is of type Late, which was not there") {
		t.Errorf("got %v", err)
	}
}

// Directives of one's own are known to documents, with types that nothing else uses.
func TestDirectivesCarryOver(t *testing.T) {
	unit := graphql.NewEnum(graphql.EnumConfig{Name: "Unit", Values: graphql.EnumValueConfigMap{"M": {Value: 1}}})
	directive := graphql.NewDirective(graphql.DirectiveConfig{
		Name: "in", Description: "Says the unit.", Locations: []string{graphql.DirectiveLocationField},
		Args: graphql.FieldConfigArgument{"unit": {Type: unit, DefaultValue: 1}},
	})
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"a": value(graphql.Int, 1)}), Directives: []*graphql.Directive{directive}})
	if got, want := execute(t, schema, `{a @in(unit:M) @include(if:true)}`, "", nil), `{"data":{"a":1}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, errs := schema.Prepare(`{a @in(unit:KM)}`, ports.Limits{}); len(errs) != 1 {
		t.Errorf("an unknown unit: %v", errs)
	}
}
