package core

import (
	"fmt"
	"strings"
	"testing"

	"github.com/graphql-go/graphql/language/parser"
)

func TestDocumentsAreMeasuredWithTheirFragmentsInPlace(t *testing.T) {
	most := limits{depth: 4, aliases: 4, noIntrospection: true}
	deep, wide, hidden := "nests fields deeper than 4 levels", "more than 4 aliases", "introspection is disabled"
	for text, want := range map[string]string{
		`{ a { a { a { a } } } }`:                                        "",
		`{ a { a { a { a { a } } } } }`:                                  deep,
		`{ a { ...F } } fragment F on T { a { ... on T { a { a } } } }`:  "",
		`{ a { ...F } } fragment F on T { a { a { a { a } } } }`:         deep,
		`query A { a } query B { a { a { a { a { a } } } } }`:            deep,
		`{ w: a x: a y: a z: a a }`:                                      "",
		`{ v: a w: a x: a y: a z: a }`:                                   wide,
		`{ ...F a { ...F } } fragment F on T { x: a y: a }`:              "",
		`{ ...F a { ...F z: a } } fragment F on T { x: a y: a }`:         wide,
		`{ __typename a { __typename } }`:                                "",
		`{ __schema { types { name } } }`:                                hidden,
		`{ ...F } fragment F on Query { x: __type(name: "T") { name } }`: hidden,
		`{ ...Missing }`: "",
	} {
		tree, err := parser.Parse(parser.ParseParams{Source: text})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		errs := most.check(tree)
		if got := fmt.Sprint(errs); want == "" && errs != nil || !strings.Contains(got, want) {
			t.Errorf("%s: got %v, want %q", text, errs, want)
		}
	}
}

// Thirty fragments, each of which spreads the next twice, are a billion aliases.
func TestFragmentsThatMultiplyAreMeasuredOnce(t *testing.T) {
	var text strings.Builder
	text.WriteString(`{ ...F0 }`)
	for i := range 60 {
		fmt.Fprintf(&text, ` fragment F%d on T { x: a { ...F%d } y: a { ...F%d } }`, i, i+1, i+1)
	}
	tree, err := parser.Parse(parser.ParseParams{Source: text.String()})
	if err != nil {
		t.Fatal(err)
	}
	if errs := (limits{depth: 100, aliases: mostAliases - 1}).check(tree); errs == nil {
		t.Error("it was let through")
	}
}
