package graphqlgo_test

import (
	"errors"
	"testing"

	"github.com/graphql-go/graphql"
)

func TestKeysAreInTheOrderOfTheDocument(t *testing.T) {
	query(t, graphql.Fields{"a": value(graphql.Int, 1), "b": value(graphql.Int, 2), "c": value(graphql.Int, 3)},
		`{ ...F a again: a } fragment F on Query { c b }`, `{"data":{"c":3,"b":2,"a":1,"again":1}}`)
}

func TestValueBesideAnErrorIsNull(t *testing.T) {
	type user struct{ Name, PasswordHash string }
	of := object("User", graphql.Fields{"name": {Type: graphql.String}})
	query(t, graphql.Fields{"user": {Type: of, Resolve: func(graphql.ResolveParams) (any, error) {
		return user{"Ada", "secret"}, errors.New("stale")
	}}}, `{user{name}}`, `{"data":{"user":null},"errors":[{"message":"internal error","locations":[{"line":1,"column":2}],"path":["user"]}]}`)
}

func TestMutationRunsThunksOfAFieldBeforeTheNext(t *testing.T) {
	var log []string
	called := func(name string) { log = append(log, name) }
	step := func(name string, thunk bool) *graphql.Field {
		return &graphql.Field{Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) {
			called(name)
			if thunk {
				return func() (any, error) { called(name + " later"); return name, nil }, nil
			}
			return name, nil
		}}
	}
	schema := newSchema(t, graphql.SchemaConfig{
		Query:    object("Query", graphql.Fields{"a": value(graphql.Int, 1)}),
		Mutation: object("Mutation", graphql.Fields{"t1": step("t1", true), "a": step("a", false), "t2": step("t2", true), "b": step("b", false)}),
	})
	got := execute(t, schema, `mutation { ...F b } fragment F on Mutation { t1 a t2 }`, "", nil)
	if want := `{"data":{"t1":"t1","a":"a","t2":"t2","b":"b"}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if want := []string{"t1", "t1 later", "a", "t2", "t2 later", "b"}; !equal(log, want) {
		t.Errorf("called %v, want %v", log, want)
	}
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestArgumentsAndVariables(t *testing.T) {
	args := func(p graphql.ResolveParams) (any, error) { return p.Args, nil }
	anything := graphql.NewScalar(graphql.ScalarConfig{Name: "Any", Serialize: func(v any) any { return v }})
	query(t, graphql.Fields{"f": {Type: anything, Resolve: args, Args: graphql.FieldConfigArgument{
		"a": {Type: graphql.Int, DefaultValue: 5}, "b": {Type: graphql.NewList(graphql.String)},
	}}}, `{ f x:f(a:null,b:["x"]) }`, `{"data":{"f":{"a":5},"x":{"a":null,"b":["x"]}}}`)
}

func TestNullSpreadsToTheNearestParent(t *testing.T) {
	broken := errors.New("broken")
	inner := object("Inner", graphql.Fields{
		"ok": value(graphql.Int, 1), "nn": failing(required(graphql.String), broken), "late": later(required(graphql.String), nil, broken),
		"lateNull": later(required(graphql.String), nil, nil),
	})
	fields := graphql.Fields{"inner": value(inner, 1), "ok": value(graphql.Int, 2), "list": value(graphql.NewList(inner), []int{1, 2})}
	const failed = `"errors":[{"message":"internal error","locations":[{"line":1,"column":11}],"path":["inner","nn"]}]}`
	query(t, fields, `{inner{ok nn} ok}`, `{"data":{"inner":null,"ok":2},`+failed)
	query(t, fields, `{inner{ok late} ok}`, `{"data":{"inner":null,"ok":2},"errors":[{"message":"internal error","locations":[{"line":1,"column":11}],"path":["inner","late"]}]}`)
	query(t, fields, `{list{lateNull} ok}`, `{"data":{"list":[null,null],"ok":2},"errors":[`+
		`{"message":"Cannot return null for non-nullable field Inner.lateNull.","locations":[{"line":1,"column":7}],"path":["list",0,"lateNull"]},`+
		`{"message":"Cannot return null for non-nullable field Inner.lateNull.","locations":[{"line":1,"column":7}],"path":["list",1,"lateNull"]}]}`)
}

func TestIntrospection(t *testing.T) {
	query(t, graphql.Fields{"a": {Type: graphql.Int, DeprecationReason: "old"}},
		`{__type(name:"Query"){kind name fields(includeDeprecated:true){name isDeprecated deprecationReason type{name}}} __schema{queryType{name} directives{name}}}`,
		`{"data":{"__type":{"kind":"OBJECT","name":"Query","fields":[{"name":"a","isDeprecated":true,"deprecationReason":"old","type":{"name":"Int"}}]},"__schema":{"queryType":{"name":"Query"},"directives":[{"name":"deprecated"},{"name":"include"},{"name":"skip"},{"name":"specifiedBy"}]}}}`)
}
