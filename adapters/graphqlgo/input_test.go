package graphqlgo_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

// echoSchema has fields that say which arguments their resolver received.
func echoSchema(t *testing.T) *graphqlgo.Schema {
	t.Helper()
	echo := func(p graphql.ResolveParams) (any, error) { return fmt.Sprintf("%#v", p.Args), nil }
	field := func(of graphql.Input, byDefault any) *graphql.Field {
		return &graphql.Field{Type: graphql.String, Resolve: echo, Args: graphql.FieldConfigArgument{"v": {Type: of, DefaultValue: byDefault}}}
	}
	object1 := graphql.NewInputObject(graphql.InputObjectConfig{Name: "P", Fields: graphql.InputObjectConfigFieldMap{
		"x": {Type: required(graphql.Int), DefaultValue: 7}, "y": {Type: graphql.Int},
	}})
	return newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{
		"str": field(graphql.String, nil), "id": field(graphql.ID, nil), "bool": field(graphql.Boolean, nil), "float": field(graphql.Float, nil),
		"int": field(graphql.Int, nil), "byDefault": field(required(graphql.Int), 5), "object": field(object1, nil), "list": field(graphql.NewList(required(graphql.Int)), nil),
	})})
}

func TestInputs(t *testing.T) {
	schema := echoSchema(t)
	for _, test := range []struct{ document, variables, want string }{ // a want of "" is refused
		{`{f:str(v:null)}`, ``, `"v":interface {}(nil)`},
		{`{f:str}`, ``, `{}`},
		{`query($v:String="vd"){f:str(v:$v)}`, `{"v":null}`, `"v":interface {}(nil)`},
		{`query($v:String="vd"){f:str(v:$v)}`, ``, `"v":"vd"`},
		{`query($v:String){f:str(v:$v)}`, `{}`, `{}`},
		{`{f:object(v:{y:null})}`, ``, `"x":7, "y":interface {}(nil)`},
		{`query($v:P){f:object(v:$v)}`, `{"v":{"y":null}}`, `"x":7, "y":interface {}(nil)`},
		{`{f:byDefault}`, ``, `"v":5`},
		{`query($v:Int!=3){f:int(v:$v)}`, ``, `"v":3`},
		{`query($v:Int){f:byDefault(v:$v)}`, ``, `"v":5`},
		{`{f:str(v:"\uD83D\uDE00")}`, ``, `"v":"😀"`},
		{`query($v:ID){f:id(v:$v)}`, `{"v":1234567}`, `"v":"1234567"`},
		{`query($v:ID){f:id(v:$v)}`, `{"v":1795292668348461057}`, `"v":"1795292668348461057"`},
		{`query($v:Float){f:float(v:$v)}`, `{"v":3}`, `"v":3`},
		{`query($v:[Int!]){f:list(v:$v)}`, `{"v":3}`, `"v":[]interface {}{3}`},
		{`query($v:String){f:str(v:$v)}`, `{"v":{"a":[1]}}`, ``},
		{`query($v:Boolean){f:bool(v:$v)}`, `{"v":"no"}`, ``},
		{`query($v:Int){f:int(v:$v)}`, `{"v":3.7}`, ``},
		{`query($v:Int){f:int(v:$v)}`, `{"v":true}`, ``},
		{`query($v:Int){f:int(v:$v)}`, `{"v":"` + strings.Repeat("x", 70000) + `"}`, ``},
		{`query($v:Float){f:float(v:$v)}`, `{"v":1e400}`, ``},
		{`{f:int(v:3000000000)}`, ``, ``},
	} {
		got, errs := try(t, schema, test.document, test.variables)
		switch {
		case test.want == "" && errs == nil:
			t.Errorf("%s %.50s: got %s", test.document, test.variables, got)
		case test.want == "" && len(errs.AppendJSON(nil)) > 1000:
			t.Errorf("%s %.50s: an error of %d bytes", test.document, test.variables, len(errs.AppendJSON(nil)))
		case test.want != "" && !strings.Contains(strings.ReplaceAll(got, `\"`, `"`), test.want):
			t.Errorf("%s %s: got %s %s, want %s", test.document, test.variables, got, errs.AppendJSON(nil), test.want)
		}
	}
}

// try executes a document, or returns the errors of the request.
func try(t *testing.T, schema *graphqlgo.Schema, document, variables string) (string, ports.ResponseErrors) {
	t.Helper()
	prepared, errs := schema.Prepare(document, ports.Limits{})
	if errs != nil {
		return "", errs
	}
	operation, errs := prepared.Operation("")
	if errs != nil {
		return "", errs
	}
	bound, errs := operation.Bind(t.Context(), []byte(variables), masked)
	if errs != nil {
		return "", errs
	}
	return string(bound.Execute(t.Context(), ports.Call{Format: masked}).Body), nil
}
