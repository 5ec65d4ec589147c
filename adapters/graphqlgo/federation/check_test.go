package federation_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo/federation"
	"github.com/fanql/fanql/ports"
)

// everything is a schema with all kinds of definitions.
func everything() graphql.SchemaConfig {
	role := graphql.NewEnum(graphql.EnumConfig{Name: "Role", Values: graphql.EnumValueConfigMap{"ADMIN": {Value: 1}}})
	in := graphql.NewInputObject(graphql.InputObjectConfig{Name: "Filter", Fields: graphql.InputObjectConfigFieldMap{"role": {Type: role}}})
	date := graphql.NewScalar(graphql.ScalarConfig{Name: "Date", Serialize: func(v any) any { return v }})
	node := graphql.NewInterface(graphql.InterfaceConfig{
		Name: "Node", Fields: graphql.Fields{"id": {Type: required(graphql.ID)}}, ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return nil },
	})
	org := object("Organization", graphql.Fields{"id": {Type: required(graphql.ID)}, "name": {Type: graphql.String}})
	user := graphql.NewObject(graphql.ObjectConfig{Name: "User", Interfaces: []*graphql.Interface{node}, Fields: graphql.Fields{
		"id": {Type: required(graphql.ID)}, "email": {Type: graphql.String}, "weight": {Type: graphql.Float}, "born": {Type: date},
		"tags": {Type: graphql.NewList(graphql.String)}, "organization": {Type: org}, "node": {Type: node},
		"at": {Type: graphql.String, Args: graphql.FieldConfigArgument{"zone": {Type: graphql.String}}},
	}})
	source := func(p graphql.ResolveParams) (any, error) { return p.Source, nil }
	return graphql.SchemaConfig{
		Query: object("Query", graphql.Fields{
			"users": {Type: graphql.NewList(user), Args: graphql.FieldConfigArgument{"where": {Type: in}}},
			"any":   {Type: graphql.NewUnion(graphql.UnionConfig{Name: "Any", Types: []*graphql.Object{user, org}, ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return nil }})},
		}),
		Subscription: object("Subscription", graphql.Fields{"joined": {Type: user, Subscribe: source, Resolve: source}}),
	}
}

func byID(context.Context, []string) ([]*user, error) { return nil, nil }

func TestNewRefuses(t *testing.T) {
	type directives = map[string][]federation.Directive
	type resolvers = map[string]federation.Resolver
	key := federation.Key
	users := resolvers{"User": federation.Resolve(byID)}
	for name, test := range map[string]struct {
		directives directives
		entities   resolvers
		limit      int
		want       string
	}{
		"an unknown type":             {directives: directives{"Usr": {key("id")}}, want: `Usr: the schema has no type "Usr"`},
		"introspection":               {directives: directives{"__Type": {federation.Shareable()}}, want: `the schema has no type "__Type"`},
		"an unknown field":            {directives: directives{"User.mail": {federation.Shareable()}}, want: `User.mail: the type User has no field "mail"`},
		"an unknown argument":         {directives: directives{"Query.users(first:)": {federation.Inaccessible()}}, want: `Query.users(first:): the field has no argument "first"`},
		"half a coordinate":           {directives: directives{"Query.users(where)": {federation.Inaccessible()}}, want: "an argument is written Type.field(argument:)"},
		"an unknown enum value":       {directives: directives{"Role.OWNER": {federation.Inaccessible()}}, want: `the enum Role has no value "OWNER"`},
		"a key on a field":            {directives: directives{"User.id": {key("id")}}, want: "User.id is a field of an object type, where @key cannot be"},
		"a field of an interface":     {directives: directives{"Node.id": {federation.Shareable()}}, want: "Node.id is a field of an interface, where @shareable cannot be"},
		"an argument":                 {directives: directives{"Query.users(where:)": {federation.External()}}, want: "is an argument, where @external cannot be"},
		"an enum value":               {directives: directives{"Role.ADMIN": {federation.Authenticated()}}, want: "Role.ADMIN is an enum value, where @authenticated cannot be"},
		"a policy of an interface":    {directives: directives{"Node": {federation.Policy([]string{"p"})}}, want: "Node is an interface, where @policy cannot be"},
		"scopes of its field":         {directives: directives{"Node.id": {federation.RequiresScopes([]string{"s"})}}, want: "Node.id is a field of an interface, where @requiresScopes cannot be"},
		"what stands for one":         {directives: directives{"User": {key("id"), federation.InterfaceObject(), federation.Authenticated()}}, want: "User stands for an interface, where @authenticated, @requiresScopes and @policy cannot be"},
		"a union":                     {directives: directives{"Any": {federation.Extends()}}, want: "Any is a union, where @extends cannot be"},
		"a scalar":                    {directives: directives{"Date": {federation.InterfaceObject()}}, want: "Date is a scalar, where @interfaceObject cannot be"},
		"an enum":                     {directives: directives{"Role": {federation.Override("a")}}, want: "Role is an enum, where @override cannot be"},
		"an input object":             {directives: directives{"Filter": {federation.Shareable()}}, want: "Filter is an input object, where @shareable cannot be"},
		"a field of an input object":  {directives: directives{"Filter.role": {federation.Requires("id")}}, want: "Filter.role is a field of an input object, where @requires cannot be"},
		"an interface":                {directives: directives{"Node": {federation.External()}}, want: "Node is an interface, where @external cannot be"},
		"a scalar that is built in":   {directives: directives{"String": {federation.Inaccessible()}}, want: "String is built in"},
		"an empty directive":          {directives: directives{"User": {{}}}, want: "User has a Directive that no function"},
		"one twice":                   {directives: directives{"User.email": {federation.Shareable(), federation.Shareable()}}, want: "User.email has @shareable twice"},
		"one key twice":               {directives: directives{"User": {key("id"), key("id")}}, entities: users, want: `User has @key(fields: "id") twice`},
		"two overrides":               {directives: directives{"User.email": {federation.Override("a"), federation.Override("b")}}, want: `User.email has @override(from: "b") twice`},
		"an override of nobody":       {directives: directives{"User.email": {federation.Override("")}}, want: "User.email has @override: the subgraph that a field is taken over from has no name"},
		"a label without name":        {directives: directives{"User.email": {federation.ProgressiveOverride("a", "")}}, want: "User.email has @override: the label has no name"},
		"a tag without name":          {directives: directives{"User": {federation.Tag("")}}, want: "User has @tag: the tag has no name"},
		"no scopes":                   {directives: directives{"User": {federation.RequiresScopes()}}, want: "User has @requiresScopes: there are no scopes"},
		"an empty policy":             {directives: directives{"User": {federation.Policy([]string{})}}, want: "User has @policy: a set of policies is empty"},
		"an interfaceObject":          {directives: directives{"User": {federation.InterfaceObject()}}, want: "User has @interfaceObject, and no key"},
		"a subscription's field":      {directives: directives{"Subscription.joined": {federation.Shareable()}}, want: "Subscription.joined has @shareable: the fields of the Subscription type cannot be shared"},
		"the subscription type":       {directives: directives{"Subscription": {federation.Shareable()}}, want: "Subscription has @shareable: the fields of the Subscription type cannot be shared"},
		"a root type":                 {directives: directives{"Query": {key("any")}}, want: "Query has a key, and is a root type"},
		"an unknown key field":        {directives: directives{"User": {key("uid")}}, entities: users, want: `User has @key(fields: "uid"): the type User has no field "uid"`},
		"an unknown nested field":     {directives: directives{"User": {key("organization { uid }")}}, entities: users, want: `the type Organization has no field "uid"`},
		"an empty key":                {directives: directives{"User": {key("")}}, entities: users, want: "the fields are not written as GraphQL selects them"},
		"a key in other words":        {directives: directives{"User": {key("id } query b { id")}}, entities: users, want: "the fields are not written as GraphQL selects them"},
		"a key with an alias":         {directives: directives{"User": {key("a: id")}}, entities: users, want: "User.id has an alias or a directive"},
		"a key with an argument":      {directives: directives{"User": {key("at")}}, entities: users, want: "User.at cannot be in a key"},
		"a key of an interface":       {directives: directives{"User": {key("node { id }")}}, entities: users, want: "User.node cannot be in a key"},
		"a key with a fragment":       {directives: directives{"User": {key("... on User { id }")}}, entities: users, want: `there is a fragment on "User"`},
		"a key that ends early":       {directives: directives{"User": {key("organization")}}, entities: users, want: "User.organization is of type Organization: fields are selected of composite types"},
		"a key that ends late":        {directives: directives{"User": {key("email { id }")}}, entities: users, want: "User.email is of type String: fields are selected"},
		"what is not external":        {directives: directives{"User.email": {federation.Requires("weight")}}, want: `User.email has @requires(fields: "weight"): User.weight is not external`},
		"what is not external within": {directives: directives{"User.email": {federation.Requires("organization { id name }")}, "Organization.id": {federation.External()}}, want: "Organization.name is not external"},
		"what requires nothing known": {directives: directives{"User.email": {federation.Requires("height")}}, want: `the type User has no field "height"`},
		"what provides no external":   {directives: directives{"Query.users": {federation.Provides("email")}}, want: "User.email is not external"},
		"what provides of a scalar":   {directives: directives{"User.email": {federation.Provides("id")}}, want: `User.email has @provides(fields: "id"), and is of type String, which has no fields`},
		"a fragment on nothing":       {directives: directives{"Query.any": {federation.Provides("... on Role { id }")}}, want: `there is a fragment on "Role"`},
		"an entity without resolver":  {directives: directives{"User": {key("id")}}, want: "User has a Key, and no resolver in Config.Entities"},
		"a resolver of nothing":       {entities: resolvers{"Usr": federation.Resolve(byID)}, want: `Config.Entities has "Usr": the schema has no type of that name; a type that no field leads to`},
		"a resolver without a key":    {entities: users, want: `Config.Entities has "User": the type has no Key`},
		"a resolver of another's":     {directives: directives{"User": {federation.UnresolvableKey("id")}}, entities: users, want: `Config.Entities has "User": the type has no Key`},
		"no function":                 {directives: directives{"User": {key("id")}}, entities: resolvers{"User": federation.Resolve[string, string](nil)}, want: `Config.Entities has "User": the Resolver has no function`},
		"a string for two keys":       {directives: directives{"User": {key("id"), key("email")}}, entities: users, want: `Config.Entities has "User": a string cannot hold the key "id"`},
		"a string for two fields":     {directives: directives{"User": {key("id email")}}, entities: users, want: `a string cannot hold the key "id email"`},
		"a struct without the field":  {directives: directives{"User": {key("email")}}, entities: resolvers{"User": federation.Resolve(func(context.Context, []user) ([]user, error) { return nil, nil })}, want: `a federation_test.user lacks a field of the key "email"`},
		"a struct of another shape":   {directives: directives{"User": {key("organization { id }")}}, entities: resolvers{"User": federation.Resolve(func(context.Context, []struct{ Organization string }) ([]user, error) { return nil, nil })}, want: `cannot hold the key "organization { id }"`},
		"a negative limit":            {limit: -1, want: "federation.Config.MaxRepresentations must not be negative"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := federation.NewSchema(everything(), federation.Config{Directives: test.directives, Entities: test.entities, MaxRepresentations: test.limit})
			if !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// Names that are federation's are refused where the schema has them already.
func TestNewRefusesNames(t *testing.T) {
	key := graphql.NewDirective(graphql.DirectiveConfig{Name: "key", Locations: []string{graphql.DirectiveLocationField}})
	for want, config := range map[string]graphql.SchemaConfig{
		"the schema has a type _Any":           {Query: object("Query", graphql.Fields{"a": {Type: object("_Any", graphql.Fields{"a": {Type: graphql.Int}})}})},
		"Query._service is there already":      {Query: object("Query", graphql.Fields{"_service": {Type: graphql.Int}})},
		"Query._entities is there already":     {Query: object("Query", graphql.Fields{"_entities": {Type: graphql.Int}})},
		"the schema defines a directive":       {Directives: append([]*graphql.Directive{key}, graphql.SpecifiedDirectives...)},
		"A fields must be an object":           {Mutation: object("Mutation", graphql.Fields{"a": {Type: object("A", nil)}})},
		"the subscription field S.a has no Su": {Subscription: object("S", graphql.Fields{"a": {Type: graphql.Int}})},
	} {
		config.Types = []graphql.Type{object("User", graphql.Fields{"id": {Type: graphql.ID}})}
		_, err := federation.NewSchema(config, federation.Config{
			Directives: map[string][]federation.Directive{"User": {federation.Key("id")}},
			Entities:   map[string]federation.Resolver{"User": federation.Resolve(byID)},
		})
		if !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
