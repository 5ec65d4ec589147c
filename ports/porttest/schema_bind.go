package porttest

import (
	"slices"
	"strings"

	"github.com/fanql/fanql/ports"
)

// bindChecks are about variables.
func bindChecks() []check[schemaFixture] {
	return []check[schemaFixture]{
		{name: "Bind: coerces variables", run: func(t tester, f schemaFixture) {
			for _, c := range [][3]string{
				{"query($v: Int) {int(v: $v)}", `{"v":-2147483648}`, `{"int":-2147483648}`},
				{"query($v: Int) {int(v: $v)}", `{"v":3.0}`, `{"int":3}`},
				{"query($v: Float) {float(v: $v)}", `{"v":0.5}`, `{"float":0.5}`},
				{"query($v: Float) {float(v: $v)}", `{"v":2}`, `{"float":2}`},
				{"query($v: ID) {id(v: $v)}", `{"v":7}`, `{"id":"7"}`},
				{"query($v: Boolean) {boolean(v: $v)}", `{"v":false}`, `{"boolean":false}`},
				{"query($v: String) {string(v: $v)}", `{"v":"\ud83d\ude00\u0000<"}`, `{"string":"😀\u0000<"}`},
				{"query($v: [Int!]!) {ints(v: $v)}", `{"v":5}`, `{"ints":[5]}`},
				{"query($v: Int!) {ints(v: [1, $v])}", `{"v":5}`, `{"ints":[1,5]}`},
				{"query($v: Point!) {point(v: $v)}", `{"v":{"y":1}}`, `{"point":8}`},
				{"query($v: Int) {point(v: {x: 1, y: $v})}", `{"v":2}`, `{"point":3}`},
				{"query($v: Int) {point(v: {x: $v})}", `{}`, `{"point":7}`},
			} {
				f.answers(t, c[0], c[1], c[2])
			}
		}},
		{name: "Bind: numbers keep all their digits", run: func(t tester, f schemaFixture) {
			f.answers(t, "query($v: ID) {id(v: $v)}", `{"v":1795292668348461057}`, `{"id":"1795292668348461057"}`)
			f.answers(t, "query($v: ID) {id(v: $v)}", `{"v":1234567}`, `{"id":"1234567"}`)
			f.answers(t, "query($v: Float) {float(v: $v)}", `{"v":12345.0625}`, `{"float":12345.0625}`)
		}},
		{name: "Bind: null and absent are two things", run: func(t tester, f schemaFixture) {
			const plain, own = "query($v: String) {string(v: $v)}", `query($v: String = "own") {string(v: $v)}`
			f.answers(t, plain, `{}`, `{"string":"default"}`)
			f.answers(t, plain, `{"v":null}`, `{"string":null}`)
			f.answers(t, own, `{}`, `{"string":"own"}`)
			f.answers(t, own, `{"v":null}`, `{"string":null}`)
		}},
		{name: "Bind: no variables are an empty object", run: func(t tester, f schemaFixture) {
			for _, variables := range []string{"", "null", "{}", " \n{ } ", `{"stray":1}`} {
				f.answers(t, "query($v: Int = 4) {int(v: $v)}", variables, `{"int":4}`)
			}
		}},
		{name: "Bind: what does not fit is refused", run: bindRefuses},
		{name: "Bind: errors are few and small", run: func(t tester, f schemaFixture) {
			long := strings.Repeat("x", 70_000)
			for _, c := range [][2]string{
				{"query($v: Int) {int(v: $v)}", `{"v":"` + long + `"}`},
				{"query($v: [Int!]!) {ints(v: $v)}", `{"v":[` + strings.Repeat(`"a",`, 20_000) + `"a"]}`},
				{"query($v: Point!) {point(v: $v)}", `{"v":{"` + long + `":1}}`},
				{"query($v: Point!) {point(v: $v)}", `{"v":` + strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000) + `}`},
			} {
				_, errs := f.operation(t, c[0]).Bind(t.Context(), []byte(c[1]), new(formatter).format)
				declined(t, "Bind", c[1], errs)
			}
		}},
		{name: "Bind: leaves its argument as it is, and keeps nothing of it", run: func(t tester, f schemaFixture) {
			variables := []byte(`{"v":"first"}`)
			given := slices.Clone(variables)
			bound, errs := f.operation(t, "query($v: String) {string(v: $v)}").Bind(t.Context(), given, new(formatter).format)
			accepted(t, "Bind", string(variables), errs)
			if !slices.Equal(given, variables) {
				t.Errorf("Bind: the variables are %s now", given)
			}
			copy(given, `{"v":"other"}`)
			if got := executed(t, bound, ports.Call{}); got.data != `{"string":"first"}` {
				t.Errorf("Execute: got %s once the variables were overwritten", got.data)
			}
		}},
		{name: "Bind: decides @skip and @include", run: func(t tester, f schemaFixture) {
			const document = "query($a: Boolean!, $b: Boolean = true) {int @skip(if: $a) ...F @include(if: $b) id} fragment F on Query {float}"
			f.answers(t, document, `{"a":true}`, `{"float":null,"id":null}`)
			f.answers(t, document, `{"a":false,"b":false}`, `{"int":null,"id":null}`)
		}},
		{name: "Bind: the cost grows with the variables", run: func(t tester, f schemaFixture) {
			const document, numbers, least = "query($v: [Int!]!) {ints(v: $v)}", 1000, 8
			few, many := f.bind(t, document, `{"v":[]}`), f.bind(t, document, `{"v":[`+strings.Repeat("7,", numbers-1)+`7]}`)
			if grown := many.Cost() - few.Cost(); few.Cost() < 0 || grown < numbers*least {
				t.Errorf("Cost: %d numbers cost %d bytes, none %d", numbers, few.Cost()+grown, few.Cost())
			}
		}},
		{name: "Bind: an operation is bound to many variables", run: func(t tester, f schemaFixture) {
			operation := f.operation(t, "query($v: [Int!]!) {ints(v: $v)}")
			var bound []ports.BoundOperation
			for _, variables := range []string{`{"v":[1]}`, `{"v":[2,3]}`} {
				b, errs := operation.Bind(t.Context(), []byte(variables), new(formatter).format)
				accepted(t, "Bind", variables, errs)
				bound = append(bound, b)
			}
			for i, want := range []string{`{"ints":[1]}`, `{"ints":[2,3]}`} {
				if got := executed(t, bound[i], ports.Call{}); got.data != want {
					t.Errorf("Execute: got %s, want %s", got.data, want)
				}
			}
		}},
	}
}

func bindRefuses(t tester, f schemaFixture) {
	for document, all := range map[string][]string{
		"query($v: Int) {int(v: $v)}": {
			`{"v":"1"}`, `{"v":1.5}`, `{"v":2147483648}`, `{"v":true}`, `{"v":1e400}`, `{"v":[1]}`, `{"v":{}}`, "[]", "1", `"v"`, `{"v":1`, `{"v":1} 2`,
		},
		"query($v: Int!) {int(v: $v)}":        {`{}`, `{"v":null}`, "", "null"},
		"query($v: Float) {float(v: $v)}":     {`{"v":"1"}`, `{"v":true}`},
		"query($v: Boolean) {boolean(v: $v)}": {`{"v":"no"}`, `{"v":1}`},
		"query($v: String) {string(v: $v)}":   {`{"v":1}`, `{"v":{"a":[1]}}`, `{"v":["a"]}`},
		"query($v: ID) {id(v: $v)}":           {`{"v":1.5}`, `{"v":true}`, `{"v":{}}`},
		"query($v: [Int!]!) {ints(v: $v)}":    {`{"v":[null]}`, `{"v":[[1]]}`, `{"v":["1"]}`},
		"query($v: Point!) {point(v: $v)}":    {`{"v":1}`, `{"v":{"x":null}}`, `{"v":{"z":1}}`, `{"v":[{}]}`},
	} {
		operation := f.operation(t, document)
		for _, variables := range all {
			_, errs := operation.Bind(t.Context(), []byte(variables), new(formatter).format)
			declined(t, "Bind", document+" "+variables, errs)
		}
	}
}

// subscribeChecks are about the decision about a subscription.
func subscribeChecks() []check[schemaFixture] {
	const document = "subscription($topic: String!) {e: event(topic: $topic) {id text}}"
	subscribe := func(t tester, f schemaFixture, topic string) (*record, *formatter, ports.ResponseErrors) {
		t.Helper()
		ctx, seen := recorded(t.Context(), nil)
		asked := new(formatter)
		errs := f.bind(t, document, `{"topic":"`+topic+`"}`).Subscribe(ctx, asked.format)
		return seen, asked, errs
	}
	return []check[schemaFixture]{
		{name: "Subscribe: runs the resolver, and executes nothing", run: func(t tester, f schemaFixture) {
			seen, _, errs := subscribe(t, f, "news")
			accepted(t, "Subscribe", document, errs)
			if !slices.Equal(seen.topics, []string{"news"}) {
				t.Errorf("Subscribe: the resolver ran for %q", seen.topics)
			}
			if seen.delivered > 0 {
				t.Errorf("Subscribe: an event was executed")
			}
		}},
		{name: "Subscribe: is repeatable", run: func(t tester, f schemaFixture) {
			bound := f.bind(t, document, `{"topic":"news"}`)
			for range 2 {
				ctx, seen := recorded(t.Context(), nil)
				accepted(t, "Subscribe", document, bound.Subscribe(ctx, new(formatter).format))
				if !slices.Equal(seen.topics, []string{"news"}) {
					t.Errorf("Subscribe: the resolver ran for %q", seen.topics)
				}
			}
		}},
		{name: "Subscribe: clients read what the format makes of an error", run: func(t tester, f schemaFixture) {
			for topic, message := range map[string]string{"public reason": "public reason", "private reason": "internal error", "panic": "internal error"} {
				_, asked, errs := subscribe(t, f, topic)
				if len(errs) != 1 || errs[0].Message != message || !slices.Equal(errs[0].Path, []any{"e"}) {
					t.Fatalf("Subscribe: %s: got %s, want %q, with the field's path", topic, errs.AppendJSON(nil), message)
				}
				if topic != "panic" && len(errs[0].Locations) != 1 { // Not every library knows where a panic was.
					t.Errorf("Subscribe: %s: the error has the locations %v", topic, errs[0].Locations)
				}
				if asked.asked.Load() != 1 {
					t.Errorf("Subscribe: %s: the format was asked %d times", topic, asked.asked.Load())
				}
			}
		}},
	}
}
