//go:build e2e

package hostile

import (
	"encoding/json"
	"fmt"
	"strings"
)

// document is one that costs much somewhere: in the lexer, a rule, an error or the
// executor.
type document struct{ name, query, variables string }

// documents are of at most 128 KiB each, as requests are by default.
func documents() []document {
	return []document{
		{"mesh of fragments", "{ item { id ...f0 } }" + each(60, func(i int) string {
			return fmt.Sprintf(" fragment f%d on Item { id ...f%d ...f%d }", i, i+1, i+2)
		}) + " fragment f60 on Item { id } fragment f61 on Item { id }", ""},
		{"fragments with all later ones", "{ item { id ...f0 } }" + each(40, func(i int) string {
			return fmt.Sprintf(" fragment f%d on Item { id%s }", i, each(39-i, func(later int) string { return fmt.Sprint(" ...f", i+1+later) }))
		}), ""},
		{"conflicting arguments", "{" + each(330, func(i int) string { return fmt.Sprintf("items(n:%d){id} ", i) }) + "}", ""},
		{"conflicting introspection", "{" + each(150, func(i int) string { return fmt.Sprintf("__type(name:\"%d\"){name} ", i) }) + "}", ""},
		{"newlines before unknown fields", strings.Repeat("\n", 8000) + "{" + strings.Repeat("x ", 1990) + "}", ""},
		{"syntax error after a long string", `{item(s:"` + strings.Repeat("z", 80_000) + `") ]}`, ""},
		{"newlines before failing fields", strings.Repeat("\n", 50_000) + "{items(n:100){fails}}", ""},
		{"introspection multiplied", "{" + each(100, func(i int) string { return fmt.Sprintf("a%d:__schema{types{...F0}} ", i) }) +
			"} fragment F0 on __Type{fields{type{...F1}}} fragment F1 on __Type{fields{type{...F2}}} fragment F2 on __Type{ofType{ofType{name}}}", ""},
		{"spreads without spaces", "{item{id" + each(1500, func(i int) string { return fmt.Sprint("...f", i%10) }) + "}}" +
			each(10, func(i int) string { return fmt.Sprintf(" fragment f%d on Item{id}", i) }), ""},
		{"a long name of a type", "{...on " + strings.Repeat("T", 10_000) + "{id}}", ""},
		{"names nearly right", "{" + each(390, func(i int) string { return fmt.Sprintf("...on %sx{id} ", typeName(i)) }) + "}", ""},
		{"wrong variables", "query($values:[Int!]){sum(values:$values)}", `{"values":[` + strings.Repeat(`"z",`, 25_000) + `"z"]}`},
		{"one field many times", "{" + strings.Repeat("item{id} ", 2000) + "}", ""},
	}
}

func each(n int, part func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(part(i))
	}
	return b.String()
}

// request is the document in JSON, in a text that no other number gives.
func (d document) request(n string) string {
	request := struct {
		Query     string          `json:"query"`
		Variables json.RawMessage `json:"variables,omitempty"`
	}{Query: d.query + " #" + n, Variables: json.RawMessage(d.variables)}
	encoded, err := json.Marshal(request)
	if err != nil {
		panic(err) // the variables above are no JSON
	}
	return string(encoded)
}
