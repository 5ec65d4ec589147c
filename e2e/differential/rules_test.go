//go:build e2e

package differential

import (
	"fmt"
	"slices"
	"strings"
)

// breach breaks one rule of section 5 of the specification.
type breach struct {
	// rule is the reference's name for it.
	rule   string
	breaks func(g *generator)
}

// breaches has each of the reference's rules, in several forms.
func breaches() []breach {
	return slices.Concat(definitionBreaches(), selectionBreaches(), fragmentBreaches(), variableBreaches(), argumentBreaches())
}

// snippets is a breach by one of some texts that are selected from Query.
func snippets(rule string, texts ...string) breach {
	return breach{rule, func(g *generator) { g.insert("Query", pick(g, texts)) }}
}

// appended is a breach by one of some definitions.
func appended(rule string, texts ...string) breach {
	return breach{rule, func(g *generator) { g.document.add(text(pick(g, texts))) }}
}

// insert selects a text somewhere from a type, in an operation that has nothing
// else if nothing selects from that type.
func (g *generator) insert(typeName, selected string) {
	var found []*piece
	g.document.walk(func(p *piece) {
		if p.selections == typeName {
			found = append(found, p)
		}
	})
	if len(found) == 0 {
		into := selections("Query")
		g.document.add(sequence(text("query "+g.newName("Op")+" "), into))
		found = append(found, into)
		if typeName != "Query" {
			way := selections(typeName)
			into.add(sequence(text(map[string]string{"User": "user", "Any": "any", "Nest": "nest", "Bot": "any { ... on Bot "}[typeName]+" "), way))
			found[0] = way
		}
	}
	into := pick(g, found)
	into.parts = slices.Insert(into.parts, g.IntN(len(into.parts)+1), text(selected))
}

// declare puts a text among the variables of a new operation that uses it.
func (g *generator) declare(definition, selected string) {
	g.document.add(text(fmt.Sprintf("query %s(%s) { %s }", g.newName("Op"), definition, selected)))
}

func definitionBreaches() []breach {
	return []breach{
		appended("ExecutableDefinitionsRule", "type Extra { a: Int }", "scalar Extra", "extend type Query { extra: Int }",
			"schema { query: Query }", "directive @extra on FIELD", "input Extra { a: Int }", "enum Extra { A }"),
		appended("UniqueOperationNamesRule", "query Twice { __typename } mutation Twice { __typename }",
			"query Twice { __typename } query Twice { __typename }"),
		{"LoneAnonymousOperationRule", func(g *generator) {
			g.document.add(text(pick(g, []string{"{ __typename }", "query { __typename }", "mutation { __typename }"})))
		}},
		appended("SingleFieldSubscriptionsRule",
			"subscription Several { tick node { id } }", "subscription Several { a: tick b: tick }", "subscription Several { tick ...Also } fragment Also on Subscription { b: tick }",
			"subscription Several { ... { tick } ... on Subscription { b: tick } }", "subscription Several { __typename }",
			"subscription Several { a: tick tick @skip(if: false) }", "subscription Several { ...Also } fragment Also on Subscription { tick b: __typename }"),
		{"UniqueFragmentNamesRule", func(g *generator) {
			name := g.newName("Same")
			body := fmt.Sprintf("fragment %s on Query { __typename }", name)
			g.document.add(text(body), text(body))
			g.insert("Query", "..."+name)
		}},
		appended("NoUnusedFragmentsRule", "fragment Unused on Query { __typename }", "fragment Unused on Any { __typename }",
			"fragment Unused on Bot { name ...Also } fragment Also on Bot { name }"),
	}
}

func selectionBreaches() []breach {
	return []breach{
		snippets("ScalarLeafsRule", "k: nest", "k: int { a }", "k: anys", "k: node", "k: color { __typename }", "k: ints { a }", "k: again { nest }"),
		{"FieldsOnCorrectTypeRule", func(g *generator) {
			switch g.IntN(3) {
			case 0:
				g.insert("Query", pick(g, []string{"nothing", "k: nothing { a }", "nest { k: name }", "node(id: 1) { name }", "named { id }", "Int", "_", "__Typename"}))
			case 1:
				g.insert("Any", pick(g, []string{"id", "name", "k: self { id }"}))
			case 2:
				g.insert("User", pick(g, []string{"title", "k: tags", "__schema { description }", `__type(name: "User") { name }`}))
			}
		}},
		{"OverlappingFieldsCanBeMergedRule", func(g *generator) {
			if g.chance(20) {
				name := g.newName("Conflict")
				g.document.add(text("fragment " + name + " on Query { ..." + name + "b } fragment " + name + "b on Query { zz: float }"))
				g.insert("Query", "zz: int ..."+name)
				return
			}
			g.insert("Query", pick(g, []string{
				"zz: int zz: float", "zz: int(v: 1) zz: int(v: 2)", "zz: int zz: int(v: null)", "zz: int ... { zz: id }", "zz: nest { a: ok } zz: nest { a: okN }",
				"zz: any { ... on Bot { s: size } ... on User { s: size } }", "zz: anys { ... on User { size } ... on Bot { size } }",
				"zz: anys { ... on User { x: name } ... on Bot { x: name } }", "zz: node { x: id } zz: node { x: label }",
				"zz: again { again { int(v: 3) } } zz: again { again { int(v: 4) } }", "zz: ints zz: intsN", "zz: int(v: 1) @skip(if: true) zz: int(v: 2)",
				"zz: anys { ... on Post { s: self { l: id } } ... on User { s: peer { l: name } } }", `zz: string(v: "a") zz: string(v: """b""")`,
				"zz: show(p: {y: 1}) zz: show(p: {y: 2})", "zz: show(l: [1]) zz: show(l: 1)", "zz: int(v: 1) ... @include(if: true) { zz: int }",
			}))
		}},
		snippets("KnownDirectivesRule", "k: int @nope", "... @nope { k: int }", "k: int @deprecated", "k: int @specifiedBy(url: \"u\")", "k: int @Skip(if: true)"),
		appended("KnownDirectivesRule", "query Wrong @skip(if: true) { int }", "query Wrong($v: Int @include(if: true)) { int(v: $v) }",
			"query Wrong { ...Wrong } fragment Wrong on Query @skip(if: false) { int }", "mutation Wrong @nope { __typename }"),
		snippets("MaxIntrospectionDepthRule", "__schema { types { fields { type { fields { type { fields { name } } } } } } }",
			`__type(name: "User") { interfaces { possibleTypes { fields { name } } } }`),
		snippets("UniqueDirectivesPerLocationRule", "k: int @skip(if: true) @skip(if: true)", "... @include(if: true) @include(if: false) { k: int }",
			"k: int @include(if: true) @skip(if: false) @include(if: true)"),
	}
}

func fragmentBreaches() []breach {
	return []breach{
		snippets("KnownTypeNamesRule", "... on Nope { k: int }", "... on query { k: int }"),
		{"KnownTypeNamesRule", func(g *generator) { g.declare("$v: Nope", "raw(v: {a: $v})") }},
		snippets("FragmentsOnCompositeTypesRule", "... on Int { k: int }", "... on Color { __typename }", "... on Point { x }", "... on Raw { __typename }"),
		{"FragmentsOnCompositeTypesRule", func(g *generator) {
			name := g.newName("Leaf")
			g.document.add(text("fragment " + name + " on " + pick(g, []string{"String", "Even", "Shape"}) + " { __typename }"))
			g.insert("Query", "..."+name)
		}},
		snippets("KnownFragmentNamesRule", "...Nope", "again { ...Nope }", "... { ...nope }", "...Nope @skip(if: true)"),
		snippets("PossibleFragmentSpreadsRule", "... on User { name }", "... on Any { __typename }", "any { ... on Query { int } }", "user { ... on Bot { name } }",
			"node { ... on Bot { name } }", "named { ... on Post { id } }", "anys { ... on User { ... on Node { ... on Post { id } } } }", "nest { ... on Node { id } }"),
		{"PossibleFragmentSpreadsRule", func(g *generator) {
			name := g.newName("Post")
			g.document.add(text("fragment " + name + " on Post { id }"))
			g.insert("User", "..."+name)
		}},
		{"NoFragmentCyclesRule", func(g *generator) {
			length := 1 + g.IntN(4)
			names := make([]string, length)
			for i := range names {
				names[i] = g.newName("Cycle")
			}
			for i, name := range names {
				next := "..." + names[(i+1)%length]
				body := pick(g, []string{next, "__typename " + next, "... { " + next + " }", "again { " + next + " }", next + " @include(if: false)"})
				g.document.add(text("fragment " + name + " on Query { " + body + " }"))
			}
			g.insert("Query", "..."+pick(g, names))
		}},
	}
}

func variableBreaches() []breach {
	declares := func(rule string, pairs ...[2]string) breach {
		return breach{rule, func(g *generator) { chosen := pick(g, pairs); g.declare(chosen[0], chosen[1]) }}
	}
	return []breach{
		declares("VariablesAreInputTypesRule", [2]string{"$v: User", "raw(v: {a: $v})"}, [2]string{"$v: [Any!]", "raw(v: {a: $v})"},
			[2]string{"$v: Query!", "raw(v: {a: [$v]})"}, [2]string{"$v: Node", "raw(v: {a: {b: $v}})"}),
		declares("UniqueVariableNamesRule", [2]string{"$v: Int, $v: Int", "int(v: $v)"}, [2]string{"$v: Int = 1, $w: Int, $v: Int = 1", "int(v: $v) k: int(v: $w)"}),
		declares("NoUnusedVariablesRule", [2]string{"$v: Int", "int"}, [2]string{"$v: Int, $w: Int!", "int(v: $v)"}, [2]string{"$v: Shape = {name: \"n\"}", "__typename"}),
		snippets("NoUndefinedVariablesRule", "k: int(v: $nope)", "k: int @skip(if: $nope)", "k: show(l: [$nope])", "k: show(p: {y: $nope})", "... @include(if: $nope) { int }",
			"k: raw(v: [$nope])", "k: raw(v: {a: $nope})"),
		{"NoUndefinedVariablesRule", func(g *generator) {
			name := g.newName("Uses")
			g.document.add(text("fragment " + name + " on Query { k: int(v: $nope) }"))
			g.declare("$nope: Int", "..."+name)
			g.document.add(text("query " + g.newName("Op") + " { ..." + name + " }"))
		}},
		declares("VariablesInAllowedPositionRule", [2]string{"$v: String", "int(v: $v)"}, [2]string{"$v: Int", "intN(v: $v)"}, [2]string{"$v: [Int]", "show(l: $v)"},
			[2]string{"$v: Int", "show(l: [$v])"}, [2]string{"$v: Int!", "show(l: $v)"}, [2]string{"$v: Boolean", "int @skip(if: $v)"}, [2]string{"$v: Int", "float(v: $v)"},
			[2]string{"$v: ID", "string(v: $v)"}, [2]string{"$v: Int = null", "intN(v: $v)"}, [2]string{"$v: Point", "need(n: 1, p: $v)"}, [2]string{"$v: String = \"x\"", "show(p: {y: $v})"},
			[2]string{"$v: Int = null", "show(m: $v)"}, [2]string{"$v: [[Int]]", "intGrid(v: $v)"}, [2]string{"$v: String", "show(shape: {name: $v})"}),
	}
}

func argumentBreaches() []breach {
	wrong := []string{
		`int(v: "1")`, "int(v: 1.5)", "int(v: 2147483648)", "int(v: true)", "int(v: {})", "int(v: RED)", "intN(v: null)", `float(v: "1")`, "float(v: true)", "string(v: 1)",
		"string(v: RED)", "boolean(v: 1)", `boolean(v: "true")`, "id(v: 1.5)", "id(v: true)", "color(v: PURPLE)", `color(v: "RED")`, "color(v: 0)", "color(v: g)", "even(v: 3)",
		`even(v: "2")`, "ints(v: [1, \"2\"])", "intsN(v: [null])", "intsN(v: null)", "intGrid(v: [[null]])", "intGrid(v: [1.5])", "show(p: 1)", "show(p: {x: null})",
		"show(p: {nope: 1})", "show(p: {})" + "k2: show(shape: {})", "show(shape: {name: null})", `show(shape: {name: "n", path: [{x: "1"}]})`, "show(m: null)",
		`show(shape: {name: "n", next: {}})`, "int @skip(if: null)", "int @include(if: 1)", "int(v: [1])", "show(p: [{y: 1}])", "color(v: true)", "raw(v: {a: 1}) k2: even(v: 1)",
	}
	for i, snippet := range wrong {
		wrong[i] = "k: " + snippet
	}
	return []breach{
		snippets("KnownArgumentNamesRule", "k: int(nope: 1)", "k: nest(v: 1) { ok }", "k: int(V: 1)", "k: int @skip(if: true, nope: 1)", "k: nest { ok(v: 1) }", "__typename(v: 1)"),
		snippets("UniqueArgumentNamesRule", "k: int(v: 1, v: 1)", "k: show(i: 1, f: 2, i: 3)", "k: int @skip(if: true, if: true)"),
		{"ValuesOfCorrectTypeRule", func(g *generator) {
			if g.chance(15) {
				g.declare(pick(g, []string{`$v: Int = "1"`, "$v: Int! = null", "$v: Int = 2147483648", "$v: Int = 1.0"}), pick(g, []string{"k: int(v: $v)", "k: show(i: $v)"}))
				return
			}
			g.insert("Query", pick(g, wrong))
		}},
		snippets("ProvidedRequiredArgumentsRule", "k: need", "k: need(n: 1)", "k: intN", "k: int @skip", "... @include { int }", "k: intOut", "__type { name }", "k: need(p: {})"),
		snippets("UniqueInputFieldNamesRule", "k: show(p: {y: 1, y: 1})", `k: show(shape: {name: "n", next: {name: "a", name: "b"}})`, "k: raw(v: {a: 1, b: {c: 1, c: 2}})"),
	}
}

// breakSyntax takes a byte out, or puts one in.
func (g *generator) breakSyntax(document string) string {
	at := g.IntN(len(document))
	if g.chance(50) {
		return document[:at] + document[at+1:]
	}
	return document[:at] + pick(g, strings.Split(`{ } ( ) [ ] : $ @ ! | = & " "" """ . ... # \ 0 1 -1 1. 1.e 01 1a 0x1 - + e null on true fragment query`, " ")) + document[at:]
}
