package porttest

import (
	"fmt"
	"strings"

	"github.com/fanql/fanql/ports"
)

// prepareChecks are about documents.
func prepareChecks() []check[schemaFixture] {
	checks := []check[schemaFixture]{
		{name: "Prepare: a valid document costs something", run: func(t tester, f schemaFixture) {
			for _, document := range []string{
				"{int}", "query Q($v: Int = 1) {int(v: $v) ...F} fragment F on Query {nest {nest {string @skip(if: true)}}}",
				`mutation {append(v: 1)}`, `subscription {event(topic: "t") {id __typename}}`, `{string(v: """block""")}`, "{__schema {types {name}}}",
				"{point(v: {})}", "{string(v: null)}", "\uFEFF{int}",
			} {
				prepared, errs := f.Prepare(document, ports.Limits{})
				accepted(t, "Prepare", document, errs)
				if prepared.Cost() <= 0 {
					t.Errorf("Cost: %s costs %d bytes", document, prepared.Cost())
				}
			}
		}},
		{name: "Prepare: a syntax error is refused and located", run: func(t tester, f schemaFixture) {
			f.located(t, "{int", "{int)}", "{", "query", "{int(v: 01)}", `{string(v: "`, "{...}", "fragment on on Query {int}", "{int}}", "{a: }", "\x00")
		}},
		{name: "Prepare: what the schema does not allow is refused and located", run: func(t tester, f schemaFixture) {
			f.located(t,
				"{nothing}", "{int {a}}", "{nest}", "{int(w: 1)}", `{int(v: "1")}`, "{int(v: 2147483648)}", "{point}", "{point(v: {z: 1})}", "{int(v: $v)}",
				"query($v: Int) {int}", "query($v: String) {int(v: $v)}", "{...F}", "fragment F on Query {int} {int}", "{...F} fragment F on Query {...F}",
				"{...on Event {id}}", "{a: int a: float}", "{int @nothing}", "{int @skip}", "{a: int ...F} fragment F on Query {...G} fragment G on Query {a: id}",
				`subscription {a: event(topic: "a") {id} b: event(topic: "b") {id}}`, "query A {int} query A {int}", "{int} {int}", "type T {a: Int} {int}",
			)
		}},
		{name: "Prepare: errors are few and small", run: func(t tester, f schemaFixture) {
			long := strings.Repeat("x", 20_000)
			for _, document := range []string{
				"", "{" + strings.Repeat("nothing ", 1000) + "}", "{" + long + "}", `{int(v: "` + long + `")}`, "{int(v: [" + strings.Repeat(`"a" `, 1000) + "])}",
				"{...on " + long + " {a}}", "{string(v: \"" + long + "}", "{" + long + "(}",
				"{a: int" + strings.Repeat(" a: float(v: 1) a: id", 500) + "}", "query " + long + " {int} query " + long + " {int}",
			} {
				_, errs := f.Prepare(document, ports.Limits{})
				declined(t, "Prepare", document, errs)
			}
		}},
	}
	for _, limit := range limits() {
		checks = append(checks, check[schemaFixture]{name: "Prepare: the limit of " + limit.name, run: limit.run})
	}
	return checks
}

// located reports documents that are not refused with a location.
func (f schemaFixture) located(t tester, documents ...string) {
	t.Helper()
	for _, document := range documents {
		_, errs := f.Prepare(document, ports.Limits{})
		declined(t, "Prepare", document, errs)
		for _, err := range errs {
			if len(err.Locations) == 0 || err.Locations[0].Line < 1 || err.Locations[0].Column < 1 {
				t.Errorf("Prepare: %s: the error %q has locations %v", document, err.Message, err.Locations)
			}
		}
	}
}

// limit is a limit that a document reaches, and does not exceed.
type limit struct {
	name     string
	document string
	reached  int
	limits   func(n int) ports.Limits
}

func limits() []limit {
	const document = "query Q {a: int nest {...F} ...G ...G} fragment F on Nest {b: string nest {string}} fragment G on Query {c: id d: float}"
	return []limit{
		{"bytes", "{int}  ", 7, func(n int) ports.Limits { return ports.Limits{Bytes: n} }},
		{"tokens", "{a: int(v: 1), # note\n ...{id}}", 14, func(n int) ports.Limits { return ports.Limits{Tokens: n} }},
		{"depth", document, 3, func(n int) ports.Limits { return ports.Limits{Depth: n} }},
		{"aliases", document, 6, func(n int) ports.Limits { return ports.Limits{Aliases: n} }},
		{"fields", document, 9, func(n int) ports.Limits { return ports.Limits{Fields: n} }},
		{"introspection", "{int __typename}", 1, func(n int) ports.Limits { return ports.Limits{NoIntrospection: n == 1} }},
	}
}

func (l limit) run(t tester, f schemaFixture) {
	for _, n := range []int{0, l.reached} {
		_, errs := f.Prepare(l.document, l.limits(n))
		accepted(t, "Prepare", fmt.Sprintf("%s with %+v", l.document, l.limits(n)), errs)
	}
	if l.name == "introspection" {
		for _, document := range []string{"{__schema {types {name}}}", `{...{t: __type(name: "Query") {name}}}`} {
			_, errs := f.Prepare(document, l.limits(1))
			declined(t, "Prepare", document, errs)
		}
		return
	}
	_, errs := f.Prepare(l.document, l.limits(l.reached-1))
	declined(t, "Prepare", fmt.Sprintf("%s with %+v", l.document, l.limits(l.reached-1)), errs)
}

// operationChecks are about the choice of an operation.
func operationChecks() []check[schemaFixture] {
	const several = `query A {a: int} mutation B {append(v: 1)} subscription C {event(topic: "t") {id}}`
	prepare := func(t tester, f schemaFixture, document string) ports.Document {
		prepared, errs := f.Prepare(document, ports.Limits{})
		accepted(t, "Prepare", document, errs)
		return prepared
	}
	return []check[schemaFixture]{
		{name: "Operation: is found by its name", run: func(t tester, f schemaFixture) {
			document := prepare(t, f, several)
			for name, kind := range map[string]ports.OperationKind{
				"A": ports.OperationQuery, "B": ports.OperationMutation, "C": ports.OperationSubscription,
			} {
				operation, errs := document.Operation(name)
				accepted(t, "Operation", name, errs)
				if operation.Name() != name || operation.Kind() != kind {
					t.Errorf("Operation: %s is the %s %q", name, operation.Kind(), operation.Name())
				}
			}
		}},
		{name: "Operation: the only one needs no name", run: func(t tester, f schemaFixture) {
			for document, name := range map[string]string{"{int}": "", "mutation M {append(v: 1)}": "M"} {
				operation, errs := prepare(t, f, document).Operation("")
				accepted(t, "Operation", document, errs)
				if operation.Name() != name {
					t.Errorf("Operation: of %s the name is %q", document, operation.Name())
				}
			}
		}},
		{name: "Operation: none of several is refused", run: func(t tester, f schemaFixture) {
			_, errs := prepare(t, f, several).Operation("")
			declined(t, "Operation", several, errs)
		}},
		{name: "Operation: an unknown name is refused", run: func(t tester, f schemaFixture) {
			for _, document := range []string{several, "{int}", "query A {int}"} {
				for _, name := range []string{"D", strings.Repeat("x", 100_000)} {
					_, errs := prepare(t, f, document).Operation(name)
					declined(t, "Operation", document+" "+name, errs)
				}
			}
		}},
	}
}
