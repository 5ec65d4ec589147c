package input_test

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/input"
	"github.com/fanql/fanql/ports"
)

// Section 6.4.1: what resolvers receive.
func TestArgumentsAreCoercedToTheirType(t *testing.T) {
	variables := map[string]any{"i": 1, "null": nil, "list": []any{1, nil}, "point": map[string]any{"x": 2}}
	for _, test := range []struct {
		field string
		want  map[string]any
	}{
		{`int`, map[string]any{}},
		{`int(v: 3)`, map[string]any{"v": 3}},
		{`int(v: -2147483648)`, map[string]any{"v": -2147483648}},
		{`int(v: null)`, map[string]any{"v": nil}},
		{`int(v: $i)`, map[string]any{"v": 1}},
		{`int(v: $null)`, map[string]any{"v": nil}},
		{`int(v: $missing)`, map[string]any{}},
		{`default`, map[string]any{"v": 5, "s": "s", "l": []any{1}}},
		{`default(v: $missing, s: $missing, l: $missing)`, map[string]any{"v": 5, "s": "s", "l": []any{1}}},
		{`default(v: $i, s: null, l: [])`, map[string]any{"v": 1, "s": nil, "l": []any{}}},
		{`default(s: $null)`, map[string]any{"v": 5, "s": nil, "l": []any{1}}},
		{`float(v: 1)`, map[string]any{"v": 1.0}},
		{`float(v: 1.5e3)`, map[string]any{"v": 1500.0}},
		{`float(v: 99999999999999999999)`, map[string]any{"v": 1e20}},
		{`string(v: "a")`, map[string]any{"v": "a"}},
		{`string(v: "\uD83D\uDE00")`, map[string]any{"v": "😀"}},
		{`string(v: """ a """)`, map[string]any{"v": " a "}},
		{`boolean(v: true)`, map[string]any{"v": true}},
		{`id(v: "a")`, map[string]any{"v": "a"}},
		{`id(v: 1795292668348461057)`, map[string]any{"v": "1795292668348461057"}},
		{`id(v: 179529266834846105799999)`, map[string]any{"v": "179529266834846105799999"}},
		{`color(v: RED)`, map[string]any{"v": 1}},
		{`date(v: "2026-01-01")`, map[string]any{"v": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{`any(v: {a: [1, $i, null]})`, map[string]any{"v": map[string]any{"a": []any{int64(1), 1, nil}}}},
		{`ints(v: 1)`, map[string]any{"v": []any{1}}},
		{`ints(v: null)`, map[string]any{"v": nil}},
		{`ints(v: [1, $i, $missing, $null, null])`, map[string]any{"v": []any{1, 1, nil, nil, nil}}},
		{`ints(v: $list)`, map[string]any{"v": []any{1, nil}}},
		{`grid(v: 1)`, map[string]any{"v": []any{[]any{1}}}},
		{`grid(v: [1, $list])`, map[string]any{"v": []any{[]any{1}, []any{1, nil}}}},
		{`point(v: {})`, map[string]any{"v": map[string]any{"x": 7}}},
		{`point(v: {x: $missing, y: $missing, label: null})`, map[string]any{"v": map[string]any{"x": 7, "label": nil}}},
		{`point(v: {x: $i, y: $null})`, map[string]any{"v": map[string]any{"x": 1, "y": nil}}},
		{`point(v: $point)`, map[string]any{"v": map[string]any{"x": 2}}},
		{`points(v: [{x: 1}, $point])`, map[string]any{"v": []any{map[string]any{"x": 1}, map[string]any{"x": 2}}}},
		{`box(v: {min: $point})`, map[string]any{"v": map[string]any{"min": map[string]any{"x": 2}, "max": map[string]any{"x": 1, "label": "m"}, "color": 2}}},
		{`pick(v: {id: 1})`, map[string]any{"v": map[string]any{"id": "1"}}},
	} {
		made, errs := template(t, test.field)
		if errs != nil {
			t.Errorf("%s: %v", test.field, errs)
			continue
		}
		if got, err := made.Map(variables); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s is %#v, %v; want %#v", test.field, got, err, test.want)
		}
	}
}

// Section 5.6.1: constants are checked before anything is executed.
func TestLiteralsOfAnotherTypeAreRefused(t *testing.T) {
	for field, want := range map[string]string{
		`int(v: 3000000000)`:             `Int cannot represent non 32-bit signed integer value: 3000000000`,
		`int(v: 1.0)`:                    `Int cannot represent non-integer value: 1.0`,
		`int(v: "1")`:                    `Int cannot represent non-integer value: "1"`,
		`int(v: [1, {a: RED, b: $c}])`:   `Int cannot represent non-integer value: [1, {a: RED, b: $c}]`,
		`float(v: "1")`:                  `Float cannot represent non numeric value: "1"`,
		`float(v: 1e400)`:                `Float cannot represent non numeric value: 1e400`,
		`string(v: 1)`:                   `String cannot represent a non string value: 1`,
		`string(v: RED)`:                 `String cannot represent a non string value: RED`,
		`boolean(v: 1)`:                  `Boolean cannot represent a non boolean value: 1`,
		`id(v: 1.5)`:                     `ID cannot represent a non-string and non-integer value: 1.5`,
		`color(v: "RED")`:                `Enum "Color" cannot represent non-enum value: "RED".`,
		`color(v: BLUE)`:                 `Value "BLUE" does not exist in "Color" enum.`,
		`date(v: "x")`:                   `Expected value of type "Date". no date`,
		`required(v: null)`:              `Expected value of type "Int!", found null.`,
		`required`:                       `Argument "v" of required type "Int!" was not provided.`,
		`strict(v: [null])`:              `Expected value of type "Int!", found null.`,
		`point(v: 1)`:                    `Expected value of type "Point", found 1.`,
		`point(v: {z: 1})`:               `Field "z" is not defined by type "Point".`,
		`box(v: {})`:                     `Field "min" of required type "Point!" was not provided.`,
		`points(v: [{x: 1}, {x: null}])`: `Expected value of type "Int!", found null.`,
		`pick(v: {id: 1, name: "n"})`:    `Exactly one key must be specified for OneOf type "Pick".`,
		`pick(v: {id: null})`:            `Field "id" must be non-null.`,
		`endless(v: {})`:                 `Default values nest deeper than 50 levels.`,
	} {
		if made, errs := template(t, field); made != nil || messages(errs) != want {
			t.Errorf("%s: %v; want %q", field, errs, want)
		}
	}
	_, errs := template(t, `points(v: [{x: 1}, {x: 1.5}])`)
	if want := []ports.Location{{Line: 1, Column: 25}}; len(errs) != 1 || !reflect.DeepEqual(errs[0].Locations, want) {
		t.Errorf("%v; want an error at %v", errs, want)
	}
}

// Sections 5.8.5 and 6.4.1: what only the variables decide is an error of the field.
func TestVariablesThatDoNotFitAreErrorsOfTheField(t *testing.T) {
	for field, want := range map[string]string{
		`required(v: $null)`:       `Argument "v" of non-null type "Int!" must not be null.`,
		`required(v: $missing)`:    `Argument "v" of required type "Int!" was provided the variable "$missing" which was not provided a runtime value.`,
		`default(v: $null)`:        `Argument "v" of non-null type "Int!" must not be null.`,
		`strict(v: [1, $missing])`: `Expected value of non-null type "Int!" not to be null.`,
		`point(v: {x: $null})`:     `Field "x" of non-null type "Int!" must not be null.`,
		`box(v: {min: $missing})`:  `Field "min" of required type "Point!" was provided the variable "$missing" which was not provided a runtime value.`,
		`pick(v: {id: $missing})`:  `Exactly one key must be specified for OneOf type "Pick".`,
		`pick(v: {id: $null})`:     `Field "id" must be non-null.`,
	} {
		made, errs := template(t, field)
		if errs != nil {
			t.Errorf("%s: %v", field, errs)
			continue
		}
		got, err := made.Map(map[string]any{"null": nil})
		if _, public := errors.AsType[*ports.PublicError](err); got != nil || !public || err.Error() != want {
			t.Errorf("%s: %v, %v; want %q", field, got, err, want)
		}
	}
}

func TestFailuresOfUserCodeInLiteralsAreErrorsOfTheField(t *testing.T) {
	for _, text := range []string{"fail", "panic", "panic text"} {
		made, errs := template(t, `date(v: "`+text+`")`)
		if errs != nil {
			t.Fatal(errs)
		}
		for range 2 {
			_, err := made.Map(nil)
			if _, public := errors.AsType[*ports.PublicError](err); err == nil || public || !strings.Contains(err.Error(), "dial tcp") {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

func TestLongLiteralsAreCutInErrors(t *testing.T) {
	for _, literal := range []string{
		`"` + strings.Repeat("é", 50_000) + `"`,
		`[` + strings.Repeat(`"\u0001\\",`, 50_000) + `]`,
		strings.Repeat("[", 900) + strings.Repeat("]", 900),
		strings.Repeat("a", 50_000),
		`{` + strings.Repeat("a", 50_000) + `: 1}`,
	} {
		_, errs := template(t, `int(v: `+literal+`)`)
		if size := len(errs.AppendJSON(nil)); len(errs) != 1 || size > 1000 {
			t.Errorf("%.20s: %d errors, %d bytes", literal, len(errs), size)
		}
	}
}

// One resolver's write reaches nobody else.
func TestArgumentsAreCopiesForEachCall(t *testing.T) {
	variables := map[string]any{"point": map[string]any{"x": 2}, "list": []any{1}}
	for _, field := range []string{
		`point(v: {x: 1, label: "l"})`, `point(v: $point)`, `ints(v: [1, 2])`, `ints(v: $list)`, `default`,
		`box(v: {min: $point, tags: ["a"]})`, `any(v: {a: [1]})`,
	} {
		made, errs := template(t, field)
		if errs != nil {
			t.Fatal(errs)
		}
		first, _ := made.Map(variables)
		want, _ := made.Map(variables)
		overwrite(first)
		if got, err := made.Map(variables); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v; want %v", field, got, err, want)
		}
	}
}

func overwrite(value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			overwrite(member)
			value[name] = "written"
		}
	case []any:
		for i := range value {
			overwrite(value[i])
			value[i] = "written"
		}
	}
}

func TestATemplateIsForConcurrentUse(t *testing.T) {
	made, errs := template(t, `box(v: {min: $point, tags: ["a"], max: {x: 1}})`)
	if errs != nil {
		t.Fatal(errs)
	}
	variables := map[string]any{"point": map[string]any{"x": 2}}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				arguments, err := made.Map(variables)
				if err != nil {
					t.Error(err)
				}
				overwrite(arguments)
			}
		})
	}
	group.Wait()
}

// Twice the literal costs twice as much, however deep it is.
func TestTheCostOfALiteralIsInProportion(t *testing.T) {
	s := schema(t)
	cost := func(depth int) float64 {
		field := operation(t, "{box(v: "+strings.Repeat(`{min: {}, inner: `, depth)+"null"+strings.Repeat("}", depth)+")}").SelectionSet[0].(*ast.Field)
		return testing.AllocsPerRun(5, func() {
			made, errs := input.NewTemplate(s, s.Query.Fields.ForName("box").Arguments, field.Arguments, leaves{})
			if errs != nil {
				t.Fatal(errs)
			}
			if _, err := made.Map(nil); err != nil {
				t.Fatal(err)
			}
		})
	}
	if once, twice := cost(200), cost(400); twice > 2.2*once {
		t.Errorf("%v allocations, and %v for twice the literal", once, twice)
	}
}

func BenchmarkTemplate(b *testing.B) {
	s := schema(b)
	for name, test := range map[string]struct {
		field     string
		variables map[string]any
	}{
		"constant": {`string(v: "general")`, nil},
		"variable": {`string(v: $room)`, map[string]any{"room": "general"}},
		"three":    {`default(v: $n, s: $s)`, map[string]any{"n": 1, "s": "s"}},
		"object":   {`point(v: {x: 1, y: $n})`, map[string]any{"n": 1}},
	} {
		b.Run(name, func(b *testing.B) {
			field := operation(b, "{"+test.field+"}").SelectionSet[0].(*ast.Field)
			made, errs := input.NewTemplate(s, s.Query.Fields.ForName(field.Name).Arguments, field.Arguments, leaves{})
			if errs != nil {
				b.Fatal(errs)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := made.Map(test.variables); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVariables(b *testing.B) {
	s := schema(b)
	op := operation(b, `query($room: ID!, $first: Int = 10, $point: Point){a}`)
	encoded := []byte(`{"room":"general","first":20,"point":{"x":1,"label":"here"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, errs := input.Variables(b.Context(), s, op, encoded, leaves{}, verbose); errs != nil {
			b.Fatal(errs)
		}
	}
}
