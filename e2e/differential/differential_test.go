//go:build e2e

// Package differential compares the adapter for graphql-go with graphql-js, the
// reference of the specification: one schema in both languages, and documents
// that a seed makes.
package differential

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

const (
	// seed makes the cases; another one makes others.
	seed = 20261128
	// valid cases are of good documents, with values in and out of type; coerced
	// are of one value; broken are those against each rule, and garbled those
	// against the grammar.
	valid, coerced, broken, garbled = 3500, 1200, 40, 400
	// atLeast is how often everything that the suite covers has to occur.
	atLeast = 20
	// reported is how many differences are made small and printed.
	reported = 60
)

// generateCases makes all cases.
func generateCases(schema *ast.Schema) []testCase {
	var cases []testCase
	next := func() *generator { return newGenerator(schema, seed, uint64(len(cases))) }
	for range valid {
		cases = append(cases, next().generate())
	}
	for range coerced {
		cases = append(cases, next().coercion())
	}
	for _, breach := range breaches() {
		for range broken {
			g := next()
			g.wrongValues, g.conflicts, g.named = 0, false, true
			c := g.generate()
			breach.breaks(g)
			c.features = append(c.features, "against "+breach.rule)
			cases = append(cases, c)
		}
	}
	for range garbled {
		g := next()
		c := g.generate()
		c.document = text(g.breakSyntax(c.document.String()))
		cases = append(cases, c)
	}
	return cases
}

// sides are the adapter and the reference.
type sides struct {
	subject, reference *side
	// introspection is the document that tools ask for a schema with.
	introspection string
}

// newSides starts both, and returns the schema.
func newSides(t *testing.T) (sides, *ast.Schema) {
	t.Helper()
	reference, introduced := newReference(t)
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: introduced.Schema})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range schema.Types {
		if strings.HasPrefix(kind.Name, "__") { // The standard's own descriptions differ, and October 2021 has no isOneOf.
			kind.Fields = slices.DeleteFunc(kind.Fields, func(field *ast.FieldDefinition) bool {
				return field.Name == "description" || field.Name == "isOneOf"
			})
		}
	}
	return sides{subject: newSubject(t, "whole"), reference: reference, introspection: introduced.Introspection}, schema
}

// answer asks both sides at once.
func (s sides) answer(t *testing.T, requests []request) (got, want []outcome) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		got = s.subject.answer(t, requests)
	}()
	want = s.reference.answer(t, requests)
	<-done
	return got, want
}

// judge says how the outcomes of a request differ in a way that is not accepted.
func judge(asked request, got, want outcome) string {
	differs := difference(got, want)
	if differs == "" {
		return ""
	}
	for _, accepted := range acceptedDifferences() {
		if accepted.holds(asked, got, want) {
			return ""
		}
	}
	return differs
}

func TestAdapterAgreesWithReference(t *testing.T) {
	sides, schema := newSides(t)
	cases := generateCases(schema)
	requests := make([]request, len(cases))
	for i, c := range cases {
		requests[i] = c.request()
	}
	got, want := sides.answer(t, requests)
	t.Run("no case differs", func(t *testing.T) {
		differ := 0
		for i, c := range cases {
			if judge(requests[i], got[i], want[i]) == "" {
				continue
			}
			if differ++; differ <= reported {
				sides.report(t, c)
			}
		}
		if differ > 0 {
			t.Errorf("%d of %d cases differ", differ, len(cases))
		}
	})
	t.Run("everything is covered", func(t *testing.T) { checkCoverage(t, cases, want) })
	t.Run("mutants are caught", func(t *testing.T) { catchMutants(t, requests, got, want) })
}

// report makes a case small and prints it.
func (s sides) report(t *testing.T, c testCase) {
	t.Helper()
	differs := func(c testCase) string {
		asked := c.request()
		got, want := s.answer(t, []request{asked})
		return judge(asked, got[0], want[0])
	}
	small := shrink(c, func(c testCase) bool { return differs(c) != "" })
	t.Errorf("%s\noperation %q, variables %s\n%s", small.document, small.operation, small.request().Variables, differs(small))
}

// checkCoverage counts what the cases were about.
func checkCoverage(t *testing.T, cases []testCase, outcomes []outcome) {
	counts := make(map[string]int)
	for i, c := range cases {
		seen := slices.Concat(c.features, outcomes[i].Coercions)
		switch rules := outcomes[i].Rules; {
		case len(rules) == 1:
			seen = append(seen, "refused by "+rules[0])
		case len(rules) > 1:
			seen = append(seen, "refused by several rules")
		default:
			seen = append(seen, "executed")
		}
		slices.Sort(seen)
		for _, what := range slices.Compact(seen) {
			counts[what]++
		}
	}
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%5d %s", counts[what], what)
	}
	for _, what := range covered() {
		if counts[what] < atLeast {
			t.Errorf("%s: %d cases, want %d", what, counts[what], atLeast)
		}
	}
}

// covered is what has to occur often.
func covered() []string {
	all := []string{
		"executed", "refused by Syntax", "refused by Request", "query", "mutation", "subscription", "introspection", "several operations", "unknown operation",
		"inline fragment", "named fragment", "fragment spread again", "@skip", "@include", "null literal", "null in variables", "variable left out",
		"default of a variable", "nullable variable in a defaulted position", "argument left out", "one item for a list literal",
		"one item for a list variable", "input object literal", "input object variable", "input field left out of a literal", "input field left out of a variable",
		"any literal", "any variable",
	}
	for _, breach := range breaches() {
		all = append(all, "refused by "+breach.rule)
	}
	for leaf := range strings.FieldsSeq("Boolean Color Even Float ID Int String") {
		for way := range strings.FieldsSeq("parseLiteral parseValue serialize") {
			all = append(all, fmt.Sprintf("%s.%s ok", leaf, way), fmt.Sprintf("%s.%s refused", leaf, way))
		}
	}
	return all
}

// catchMutants looks for a case of each mutant that tells it from the adapter.
func catchMutants(t *testing.T, requests []request, got, want []outcome) {
	for _, mutant := range mutants() {
		t.Run(mutant.name, func(t *testing.T) {
			adapter, err := newAdapter(mutant.hook)
			if err != nil {
				t.Fatal(err)
			}
			ask := func(asked request) outcome { return answer(t.Context(), adapter, asked) }
			for i, asked := range requests {
				if judge(asked, mutant.answer(ask, asked), want[i]) != "" && judge(asked, got[i], want[i]) == "" {
					return
				}
			}
			t.Errorf("not caught by any of %d cases", len(requests))
		})
	}
}
