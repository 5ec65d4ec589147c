package graphqlgo_test

import (
	"errors"
	"testing"

	"github.com/graphql-go/graphql"
)

type base struct {
	ID      string
	Created int    `json:"created_at"`
	Hidden  string `json:"-"`
	Shadow  string
}

type Pointed struct{ Far string }

type left struct{ Both, One string }

type right struct {
	Both string
	One  string `json:"one"`
}

type entity struct {
	base
	*Pointed
	left
	right
	secret string
	Shadow string
	Title  string `json:"headline"`
	Body   string `graphql:"text"`
	Any    any    `json:"any"`
	Thunk  func() (any, error)
	Named  level             `json:"named"`
	Map    map[string]string `json:"map"`
}

type level int

type resolves struct{}

func (resolves) Resolve(p graphql.ResolveParams) (any, error) {
	if p.Args == nil {
		return nil, errors.New("no arguments")
	}
	return "resolved " + p.Info.FieldName, nil
}

type key string

func TestDefaultResolver(t *testing.T) {
	full := entity{
		base: base{ID: "1", Created: 5, Hidden: "hidden", Shadow: "inner"}, Pointed: &Pointed{"far"}, left: left{"l", "l"}, right: right{"r", "r"},
		secret: "secret", Shadow: "outer", Title: "title", Body: "body", Any: 7, Thunk: func() (any, error) { return "later", nil }, Named: 3,
	}
	for name, test := range map[string]struct {
		source any
		field  string
		want   string
	}{
		"a field by its name":              {full, "shadow", `"outer"`},
		"whatever its case":                {full, "SHADOW", `"outer"`},
		"through a pointer":                {&full, "title", `"title"`},
		"by its json tag":                  {full, "headline", `"title"`},
		"by its graphql tag":               {full, "text", `"body"`},
		"an interface":                     {full, "any", `"7"`},
		"a thunk":                          {full, "thunk", `"later"`},
		"a named number":                   {full, "named", `"3"`},
		"of an embedded struct":            {full, "id", `"1"`},
		"by a tag in an embedded struct":   {full, "created_at", `"5"`},
		"of an embedded pointer":           {full, "far", `"far"`},
		"of a nil embedded pointer":        {entity{}, "far", `null`},
		"hidden in an embedded struct":     {full, "hidden", `null`},
		"of two embedded structs":          {full, "both", `null`},
		"of two, one with a tag":           {full, "one", `"r"`},
		"not exported":                     {full, "secret", `null`},
		"unknown":                          {full, "unknown", `null`},
		"a map":                            {map[string]any{"a": "x"}, "a", `"x"`},
		"a map of strings":                 {map[string]string{"a": "x"}, "a", `"x"`},
		"a map with keys of a string type": {map[key]int{"a": 1}, "a", `"1"`},
		"a key that is not there":          {map[string]string{}, "a", `null`},
		"a function in a map":              {map[string]any{"a": func() any { return "called" }}, "a", `"called"`},
		"a function in a map of functions": {map[string]func() any{"a": func() any { return "called" }}, "a", `"called"`},
		"a resolver":                       {resolves{}, "a", `"resolved a"`},
		"a pointer to a resolver":          {&resolves{}, "a", `"resolved a"`},
		"something else":                   {5, "a", `null`},
	} {
		t.Run(name, func(t *testing.T) {
			of := object("Thing", graphql.Fields{test.field: {Type: graphql.String}})
			query(t, graphql.Fields{"thing": value(of, test.source)}, `{thing{`+test.field+`}}`, `{"data":{"thing":{"`+test.field+`":`+test.want+`}}}`)
		})
	}
}

func TestDefaultResolverReadsTheRoot(t *testing.T) {
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"a": {Type: graphql.String}})})
	for _, test := range []struct {
		root any
		want string
	}{{map[string]any{"a": "x"}, `"x"`}, {nil, `null`}, {(*entity)(nil), `null`}} {
		if got, want := execute(t, schema, `{a}`, "", test.root), `{"data":{"a":`+test.want+`}}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
