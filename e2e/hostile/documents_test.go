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

// documents are of at most 128 KiB each, as requests are by default. The first are
// larger than other limits let them be, the rest as large as they may.
func documents() []document {
	return []document{
		{"mesh of 60 fragments", "{item{id ...f0}}" + mesh(60), ""},
		{"40 fragments with all later ones", "{item{id ...f0}}" + allLater(40), ""},
		{"330 conflicting arguments", "{" + each(330, func(i int) string { return fmt.Sprintf("items(n:%d){id} ", i) }) + "}", ""},
		{"introspection multiplied by 100", "{" + introspection(100) + "}" + introspected, ""},
		{"1,500 spreads without spaces", "{item{id" + spreads(1500) + "}}" + spreadOut, ""},
		{"a type's name of 10,000 letters", "{...on " + strings.Repeat("T", 10_000) + "{id}}", ""},
		{"one field 2,000 times", "{" + strings.Repeat("item{id} ", 2000) + "}", ""},

		{"mesh of 14 fragments", "{item{id ...f0}}" + mesh(14), ""},
		{"11 fragments with all later ones", "{item{id ...f0}}" + allLater(11), ""},
		{"220 conflicting arguments", "{" + each(220, func(i int) string { return fmt.Sprintf("items(n:%d){id} ", i) }) + "}", ""},
		{"150 conflicts of introspection", "{" + each(150, func(i int) string { return fmt.Sprintf("__type(name:\"%d\"){name} ", i) }) + "}", ""},
		{"8,000 newlines, then unknown fields", strings.Repeat("\n", 8000) + "{" + strings.Repeat("x ", 1990) + "}", ""},
		{"syntax error after a long string", `{item(s:"` + strings.Repeat("z", 80_000) + `") ]}`, ""},
		{"50,000 newlines, then failing fields", strings.Repeat("\n", 50_000) + "{items(n:100){fails}}", ""},
		{"introspection multiplied by 4", "{" + introspection(4) + "}" + introspected, ""},
		{"900 spreads without spaces", "{item{id" + spreads(900) + "}}" + spreadOut, ""},
		{"a type's name of 250 letters", "{...on " + strings.Repeat("T", 250) + "{id}}", ""},
		{"300 names nearly right", "{" + each(300, func(i int) string { return fmt.Sprintf("...on %sx{id} ", typeName(i)) }) + "}", ""},
		{"25,001 wrong elements in a variable", "query($values:[Int!]){sum(values:$values)}", `{"values":[` + strings.Repeat(`"z",`, 25_000) + `"z"]}`},
		{"one field 490 times", "{" + strings.Repeat("item{id} ", 490) + "}", ""},
	}
}

// mesh doubles the paths with every fragment or two.
func mesh(fragments int) string {
	return each(fragments, func(i int) string {
		return fmt.Sprintf(" fragment f%d on Item{id ...f%d ...f%d}", i, i+1, i+2)
	}) + fmt.Sprintf(" fragment f%d on Item{id} fragment f%d on Item{id}", fragments, fragments+1)
}

// allLater doubles the paths with every fragment.
func allLater(fragments int) string {
	return each(fragments, func(i int) string {
		later := each(fragments-1-i, func(n int) string { return fmt.Sprint(" ...f", i+1+n) })
		return fmt.Sprintf(" fragment f%d on Item{id%s}", i, later)
	})
}

const introspected = " fragment F0 on __Type{fields{type{...F1}}} fragment F1 on __Type{fields{type{...F2}}} fragment F2 on __Type{ofType{ofType{name}}}"

func introspection(times int) string {
	return each(times, func(i int) string { return fmt.Sprintf("a%d:__schema{types{...F0}} ", i) })
}

const spreadOut = " fragment f0 on Item{id} fragment f1 on Item{id}"

func spreads(times int) string {
	return each(times, func(i int) string { return fmt.Sprint("...f", i%2) })
}

func each(n int, part func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(part(i))
	}
	return b.String()
}

// request is the document in JSON, but for what has to follow: something that makes
// its text a new one, and the end.
func (d document) request() (string, error) {
	request := struct {
		Variables json.RawMessage `json:"variables,omitempty"`
		Query     string          `json:"query"`
	}{json.RawMessage(d.variables), d.query + " # "}
	encoded, err := json.Marshal(request)
	return strings.TrimSuffix(string(encoded), end), err
}

const end = `"}`

func requests() ([]string, error) {
	var all []string
	for _, d := range documents() {
		request, err := d.request()
		if err != nil {
			return nil, err
		}
		all = append(all, request)
	}
	return all, nil
}
