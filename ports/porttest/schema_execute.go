package porttest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/fanql/fanql/ports"
)

// executeChecks are about executions that succeed.
func executeChecks() []check[schemaFixture] {
	return []check[schemaFixture]{
		{name: "Execute: answers in the order of the document", run: func(t tester, f schemaFixture) {
			f.answers(t, "{string ...F int b: id nest {string a: string}} fragment F on Query {float nest {nest {string}}}", "",
				`{"string":"default","float":null,"nest":{"nest":{"string":"s"},"string":"s","a":"s"},"int":null,"b":null}`)
			f.answers(t, "query($v: Boolean = true) {a: int @skip(if: $v) b: id a: int}", "", `{"b":null,"a":null}`)
		}},
		{name: "Execute: data is first, then errors, then extensions", run: func(t tester, f schemaFixture) {
			got := executed(t, f.bind(t, `{fail(text: "public")}`, ""), ports.Call{Extensions: map[string]any{"k": 1}})
			data, errs, extensions := strings.Index(got.body, `"data"`), strings.Index(got.body, `"errors"`), strings.Index(got.body, `"extensions":{"k"`)
			if data != 1 || errs < data || extensions < errs {
				t.Errorf("Execute: got %s", got.body)
			}
		}},
		{name: "Execute: extensions are put into the response", run: func(t tester, f schemaFixture) {
			bound := f.bind(t, "{int}", "")
			if got := executed(t, bound, ports.Call{Extensions: map[string]any{"a": map[string]any{"b": []int{1}}}}); got.extensions != `{"a":{"b":[1]}}` {
				t.Errorf("Execute: got %s", got.body)
			}
			if got := executed(t, bound, ports.Call{}); got.extensions != "" {
				t.Errorf("Execute: without extensions: got %s", got.body)
			}
		}},
		{name: "Execute: mutations run in order", run: func(t tester, f schemaFixture) {
			ctx, seen := recorded(t.Context(), nil)
			bound := f.bind(t, "mutation {b: append(v: 2) ...F a: append(v: 4)} fragment F on Mutation {c: append(v: 3)}", "")
			got := read(t, bound.Execute(ctx, ports.Call{Format: new(formatter).format}))
			if want := `{"b":1,"c":2,"a":3}`; got.data != want || !slices.Equal(seen.appended, []int{2, 3, 4}) {
				t.Errorf("Execute: got %s and the effects %v, want %s", got.body, seen.appended, want)
			}
		}},
		{name: "Execute: an event is executed", run: func(t tester, f schemaFixture) {
			result, seen := f.deliver(t, SchemaEvent{ID: "1", Text: "hello"})
			if got := read(t, result); got.data != `{"e":{"text":"hello","id":"1"}}` || len(got.errors) > 0 {
				t.Errorf("Execute: got %s", got.body)
			}
			if len(seen.topics) > 0 {
				t.Errorf("Execute: subscribed to %q", seen.topics)
			}
		}},
		{name: "Execute: ErrSkip is no response", run: func(t tester, f schemaFixture) {
			if result, _ := f.deliver(t, SchemaEvent{ID: "skip"}); !result.Skip || len(result.Body) > 0 || len(result.Rejected) > 0 {
				t.Errorf("Execute: got skip %v and the response %s", result.Skip, result.Body)
			}
		}},
		{name: "Execute: the response belongs to the caller", run: func(t tester, f schemaFixture) {
			ctx, _ := recorded(t.Context(), nil)
			bound := f.bind(t, "{nest {string}}", "")
			first := bound.Execute(ctx, ports.Call{Format: new(formatter).format})
			kept := slices.Clone(first.Body)
			second := bound.Execute(ctx, ports.Call{Format: new(formatter).format})
			for i := range second.Body {
				second.Body[i] = 'x'
			}
			if !slices.Equal(first.Body, kept) {
				t.Errorf("Execute: the first response is %s now", first.Body)
			}
			if got := executed(t, bound, ports.Call{}); got.data != `{"nest":{"string":"s"}}` {
				t.Errorf("Execute: got %s once a response was overwritten", got.body)
			}
		}},
		{name: "Execute: executions share no arguments", run: func(t tester, f schemaFixture) {
			for _, document := range []string{"{ints(v: [1, 2])}", "query($v: [Int!]!) {ints(v: $v)}", "query($v: [Int!]! = [1, 2]) {ints(v: $v)}", "{nest {string} ints(v: [1, 2]) nest {string}}"} {
				bound := f.bind(t, document, map[bool]string{true: `{"v":[1,2]}`}[strings.Contains(document, "]!)")])
				for range 3 {
					if got := executed(t, bound, ports.Call{}); !strings.Contains(got.data, `"ints":[1,2]`) {
						t.Errorf("%s: got %s", document, got.data)
					}
				}
			}
		}},
		{name: "Execute: many run at once, from the first on", run: func(t tester, f schemaFixture) {
			const document = "query($v: [Int!]!) {ints(v: $v) nest {nest {string}} nests(n: 3) {string} int(v: 1)}"
			const want = `{"ints":[1,2],"nest":{"nest":{"string":"s"}},"nests":[{"string":"s"},{"string":"s"},{"string":"s"}],"int":1}`
			operations := make([]ports.BoundOperation, 8)
			results := make([]ports.Result, 2*len(operations))
			ctx, _ := recorded(t.Context(), nil)
			call := ports.Call{Format: new(formatter).format}
			together(len(operations), func(i int) {
				prepared, errs := f.Prepare(document, ports.Limits{})
				if errs != nil {
					return
				}
				if operation, errs := prepared.Operation(""); errs == nil {
					operations[i], errs = operation.Bind(ctx, []byte(`{"v":[1,2]}`), call.Format)
					if errs == nil {
						results[i] = operations[i].Execute(ctx, call)
					}
				}
			})
			if slices.Contains(operations, nil) {
				t.Fatalf("%s: refused, where many prepare and bind it at once", document)
			}
			together(len(operations), func(i int) { results[len(operations)+i] = operations[0].Execute(ctx, call) })
			for _, result := range results {
				if got := read(t, result); got.data != want {
					t.Errorf("Execute: got %s", got.body)
				}
			}
		}},
	}
}

// deliver executes an event.
func (f schemaFixture) deliver(t tester, event SchemaEvent) (ports.Result, *record) {
	t.Helper()
	bound := f.bind(t, `subscription {e: event(topic: "news") {text id}}`, "")
	ctx, seen := recorded(t.Context(), &event)
	root := map[string]any{"id": event.ID, "text": event.Text}
	return bound.Execute(ctx, ports.Call{Root: root, Format: new(formatter).format}), seen
}

// errorsOfExecutionChecks are about executions in which something fails.
func errorsOfExecutionChecks() []check[schemaFixture] {
	return []check[schemaFixture]{
		{name: "Execute: an error is located and has its path", run: func(t tester, f schemaFixture) {
			got := f.fails(t, "{int\n  x: fail(text: \"public\")}", `{"int":null,"x":null}`, "x")
			if len(got.errors) == 1 && !slices.Equal(got.errors[0].Locations, []ports.Location{{Line: 2, Column: 3}}) {
				t.Errorf("Execute: the error is located at %v", got.errors[0].Locations)
			}
		}},
		{name: "Execute: null spreads to what can be null", run: func(t tester, f schemaFixture) {
			f.fails(t, "{a: nest {nest {fail}} int}", `{"a":{"nest":null},"int":null}`, "a.nest.fail")
			f.fails(t, "{nests(n: 1) {fail} int}", `null`, "nests.0.fail")
			f.fails(t, "{nest {string nest {x: fail}} nest {string}}", `{"nest":{"string":"s","nest":null}}`, "nest.nest.x")
		}},
		{name: "Execute: a response with an error that nothing takes has null for data", run: func(t tester, f schemaFixture) {
			got := f.fails(t, "query($v: Boolean = true) {int nests(n: 1) @include(if: $v) {y: fail}}", "null", "nests.0.y")
			if !strings.HasPrefix(got.body, `{"data":null,`) {
				t.Errorf("Execute: got %s", got.body)
			}
		}},
		{name: "Execute: clients read what the format makes of an error", run: func(t tester, f schemaFixture) {
			for document, message := range map[string]string{
				`{fail(text: "public reason")}`: "public reason", `{fail(text: "private reason")}`: "internal error", `{panic(text: "private panic")}`: "internal error",
			} {
				asked := new(formatter)
				got := executed(t, f.bind(t, document, ""), ports.Call{Format: asked.format})
				if len(got.errors) != 1 || got.errors[0].Message != message || strings.Contains(got.body, "private") {
					t.Errorf("%s: got %s, want the error %q", document, got.body, message)
				}
				if asked.asked.Load() != 1 {
					t.Errorf("%s: the format was asked %d times", document, asked.asked.Load())
				}
			}
		}},
		{name: "Execute: the format is told the field of an error", run: func(t tester, f schemaFixture) {
			for document, want := range map[string]string{`{a: fail(text: "no")}`: "Query.fail", `{panic(text: "no")}`: "Query.panic"} {
				var field string
				executed(t, f.bind(t, document, ""), ports.Call{Format: func(_ context.Context, err error) *ports.PublicError {
					if at, ok := errors.AsType[*ports.FieldError](err); ok {
						field = at.Field
					}
					return &ports.PublicError{Message: "internal error"}
				}})
				if field != want {
					t.Errorf("%s: the field is %q, want %q", document, field, want)
				}
			}
		}},
		{name: "Execute: a panic is the error of its field", run: func(t tester, f schemaFixture) {
			got := f.execute(t, `{int p: panic(text: "no") id}`, "")
			if got.data != `{"int":null,"p":null,"id":null}` || len(got.errors) != 1 || !slices.Equal(got.errors[0].Path, []any{"p"}) {
				t.Errorf("Execute: got %s", got.body)
			}
		}},
		{name: "Execute: an event that fails has a response", run: func(t tester, f schemaFixture) {
			result, _ := f.deliver(t, SchemaEvent{ID: "private"})
			got := read(t, result)
			if got.data != `{"e":null}` && got.data != "null" || len(got.errors) != 1 || strings.Contains(got.body, "private") {
				t.Errorf("Execute: got %s", got.body)
			}
		}},
		{name: "Execute: a response over MaxBytes is one error", run: func(t tester, f schemaFixture) {
			bound := f.bind(t, "{nests(n: 50) {string}}", "")
			whole := len(bound.Execute(t.Context(), ports.Call{Format: new(formatter).format}).Body)
			if got := executed(t, bound, ports.Call{MaxBytes: whole}); len(got.errors) > 0 {
				t.Errorf("Execute: a response of %d bytes fails at a bound of as many: %s", whole, brief(got.body))
			}
			for _, bytes := range []int{whole - 1, 100, 10} {
				if got := executed(t, bound, ports.Call{MaxBytes: bytes}); got.data != "null" && got.data != "" || len(got.errors) != 1 {
					t.Errorf("Execute: with a bound of %d bytes: got %s, want no data and one error", bytes, brief(got.body))
				}
			}
		}},
	}
}
