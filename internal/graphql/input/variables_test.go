package input_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql/internal/graphql/input"
	"github.com/fanql/fanql/ports"
)

var absent = struct{}{}

// Sections 3.5.1 to 3.5.5, 3.9 and 3.10 to 3.12: what is accepted of variables.
func TestVariablesAreCoercedToTheirType(t *testing.T) {
	newYear := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		of, given string
		want      any
	}{
		{"Int", `1`, 1},
		{"Int", `1.0`, 1},
		{"Int", `1e3`, 1000},
		{"Int", `-2147483648`, math.MinInt32},
		{"Int", `2147483647`, math.MaxInt32},
		{"Float", `1`, 1.0},
		{"Float", `1.5`, 1.5},
		{"Float", `1795292668348461057`, 1795292668348461057.0},
		{"Float", `0.1234567890123456789012`, 0.1234567890123456789012},
		{"String", `"a\ud83d\ude00"`, "a😀"},
		{"String", `""`, ""},
		{"Boolean", `false`, false},
		{"ID", `"x"`, "x"},
		{"ID", `1234567`, "1234567"},
		{"ID", `1795292668348461057`, "1795292668348461057"},
		{"ID", `-123456789012345678901234567890`, "-123456789012345678901234567890"},
		{"ID", `1.0`, "1"},
		{"ID", `1e20`, "100000000000000000000"},
		{"Color", `"RED"`, 1},
		{"Date", `"2026-01-01"`, newYear},
		{"Any", `{"a":[1,2.5,null]}`, map[string]any{"a": []any{1, 2.5, nil}}},
		{"Int", `null`, nil},
		{"[Int]", `null`, nil},
		{"[Int]", `[1,null]`, []any{1, nil}},
		{"[Int]", `[]`, []any{}},
		{"[Int]", `1`, []any{1}},
		{"[[Int]]", `1`, []any{[]any{1}}},
		{"[[Int]]", `[1,[2,3],null]`, []any{[]any{1}, []any{2, 3}, nil}},
		{"[Point]", `{"x":1}`, []any{map[string]any{"x": 1}}},
		{"Point", `{}`, map[string]any{"x": 7}},
		{"Point", `{"y":null}`, map[string]any{"x": 7, "y": nil}},
		{"Point!", `{"x":1,"y":2,"label":"l"}`, map[string]any{"x": 1, "y": 2, "label": "l"}},
		{"Box", `{"min":{}}`, map[string]any{"min": map[string]any{"x": 7}, "max": map[string]any{"x": 1, "label": "m"}, "color": 2}},
		{"Box", `{"min":{},"max":null,"tags":"t","color":"RED"}`, map[string]any{"min": map[string]any{"x": 7}, "max": nil, "tags": []any{"t"}, "color": 1}},
		{"Pick", `{"id":1}`, map[string]any{"id": "1"}},
		{"Int = 3", ``, 3},
		{"Int = 3", `null`, nil},
		{"Int! = 3", ``, 3},
		{"[Int] = 3", ``, []any{3}},
		{"Color = RED", ``, 1},
		{"Point = {y: 1}", ``, map[string]any{"x": 7, "y": 1}},
		{"Float = 1", ``, 1.0},
		{`String = "\uD83D\uDE00"`, ``, "😀"},
		{`Date = "2026-01-01"`, ``, newYear},
		{"Int", ``, absent},
	} {
		variables := `{"other":1}`
		if test.given != "" {
			variables = `{"x":` + test.given + `}`
		}
		got, errs := coerce(t, "$x: "+test.of, variables)
		value, ok := got["x"]
		if !ok {
			value = absent
		}
		if errs != nil || !reflect.DeepEqual(value, test.want) || len(got) > 1 {
			t.Errorf("%s of %s is %#v, %v; want %#v", variables, test.of, value, errs, test.want)
		}
	}
}

func TestVariablesOfAnotherTypeAreRefused(t *testing.T) {
	for _, test := range []struct{ of, given, want string }{
		{"Int", `"12"`, `Variable "$x" got invalid value "12"; Int cannot represent non-integer value: "12"`},
		{"Int", `3.7`, `Variable "$x" got invalid value 3.7; Int cannot represent non-integer value: 3.7`},
		{"Int", `true`, `Variable "$x" got invalid value true; Int cannot represent non-integer value: true`},
		{"Int", `{"a":[1]}`, `Variable "$x" got invalid value { a: [1] }; Int cannot represent non-integer value: { a: [1] }`},
		{"Int", `2147483648`, `Variable "$x" got invalid value 2147483648; Int cannot represent non 32-bit signed integer value: 2147483648`},
		{"Int", `1e20`, `Variable "$x" got invalid value 100000000000000000000; Int cannot represent non 32-bit signed integer value: 100000000000000000000`},
		{"Int", `12345678901234567890`, `Variable "$x" got invalid value 12345678901234567890; Int cannot represent non 32-bit signed integer value: 12345678901234567890`},
		{"Int", `1e400`, `Variable "$x" got invalid value 1e400; Int cannot represent non-integer value: 1e400`},
		{"Float", `1e400`, `Variable "$x" got invalid value 1e400; Float cannot represent non numeric value: 1e400`},
		{"Float", `"1"`, `Variable "$x" got invalid value "1"; Float cannot represent non numeric value: "1"`},
		{"Float", `false`, `Variable "$x" got invalid value false; Float cannot represent non numeric value: false`},
		{"String", `1`, `Variable "$x" got invalid value 1; String cannot represent a non string value: 1`},
		{"String", `{"a":[1]}`, `Variable "$x" got invalid value { a: [1] }; String cannot represent a non string value: { a: [1] }`},
		{"Boolean", `"no"`, `Variable "$x" got invalid value "no"; Boolean cannot represent a non boolean value: "no"`},
		{"Boolean", `0`, `Variable "$x" got invalid value 0; Boolean cannot represent a non boolean value: 0`},
		{"ID", `1.5`, `Variable "$x" got invalid value 1.5; ID cannot represent value: 1.5`},
		{"ID", `1e400`, `Variable "$x" got invalid value 1e400; ID cannot represent value: 1e400`},
		{"ID", `true`, `Variable "$x" got invalid value true; ID cannot represent value: true`},
		{"Color", `"red"`, `Variable "$x" got invalid value "red"; Value "red" does not exist in "Color" enum.`},
		{"Color", `1`, `Variable "$x" got invalid value 1; Enum "Color" cannot represent non-string value: 1.`},
		{"Date", `"x"`, `Variable "$x" got invalid value "x"; Expected type "Date". no date`},
		{"Int!", `null`, `Variable "$x" of non-null type "Int!" must not be null.`},
		{"Int!", ``, `Variable "$x" of required type "Int!" was not provided.`},
		{"Int! = 3", `null`, `Variable "$x" of non-null type "Int!" must not be null.`},
		{"Int = 3000000000", ``, `Variable "$x" has an invalid default value; Int cannot represent non 32-bit signed integer value: 3000000000`},
		{"[Int!]", `[1,null]`, `Variable "$x" got invalid value null at "x[1]"; Expected non-nullable type "Int!" not to be null.`},
		{"[Int]", `[1,[2]]`, `Variable "$x" got invalid value [2] at "x[1]"; Int cannot represent non-integer value: [2]`},
		{"Point", `[{}]`, `Variable "$x" got invalid value [{}]; Expected type "Point" to be an object.`},
		{"Point", `{"x":null}`, `Variable "$x" got invalid value null at "x.x"; Expected non-nullable type "Int!" not to be null.`},
		{"Box", `{}`, `Variable "$x" got invalid value {}; Field "min" of required type "Point!" was not provided.`},
		{"Box", `{"min":{},"z":1,"a":2}`, `Variable "$x" got invalid value { a: 2, min: {}, z: 1 }; Field "a" is not defined by type "Box".`},
		{"[Box]", `[{"min":{}},{"min":{"y":"abc"}}]`, `Variable "$x" got invalid value "abc" at "x[1].min.y"; Int cannot represent non-integer value: "abc"`},
		{"Pick", `{"id":1,"name":"n"}`, `Variable "$x" got invalid value { id: 1, name: "n" }; Exactly one key must be specified for OneOf type "Pick".`},
		{"Pick", `{"id":null}`, `Variable "$x" got invalid value { id: null }; Field "id" must be non-null.`},
		{"Endless", `{}`, `Variable "$x" has an invalid default value at "x.again"; Default values nest deeper than 50 levels.`},
	} {
		variables := `{}`
		if test.given != "" {
			variables = `{"x":` + test.given + `}`
		}
		got, errs := coerce(t, "$x: "+test.of, variables)
		want := ports.ResponseErrors{{Message: test.want, Locations: []ports.Location{{Line: 1, Column: 7}}}}
		if got != nil || !reflect.DeepEqual(errs, want) {
			t.Errorf("%s of %s:\ngot  %v, %v\nwant %v", variables, test.of, got, errs, want)
		}
	}
}

func TestVariablesAreAnObject(t *testing.T) {
	for _, given := range []string{``, `null`, ` null `, `{}`} {
		if got, errs := coerce(t, "$x: Int", given); errs != nil || got == nil || len(got) > 0 {
			t.Errorf("%q: %v, %v", given, got, errs)
		}
	}
	for _, given := range []string{`[]`, `1`, `"{}"`, `{`, `{}{}`, ` `, `{"x":01}`} {
		if got, errs := coerce(t, "$x: Int", given); got != nil || messages(errs) != "variables must be a JSON object" {
			t.Errorf("%q: %v, %v", given, got, errs)
		}
	}
}

func TestOfAKeyThatIsThereTwiceTheLastCounts(t *testing.T) {
	if got, errs := coerce(t, "$x: Int", `{"x":1,"x":2}`); errs != nil || got["x"] != 2 {
		t.Errorf("%v, %v", got, errs)
	}
}

func TestBytesThatAreNoUTF8AreReplaced(t *testing.T) {
	if got, errs := coerce(t, "$x: String", "{\"x\":\"a\xffb\"}"); errs != nil || got["x"] != "a\uFFFDb" {
		t.Errorf("%q, %v", got, errs)
	}
}

// A scalar's panic or failure is for ErrorFormat, whatever its value is.
func TestFailuresOfUserCodeAreHidden(t *testing.T) {
	for text, hidden := range map[string]string{"fail": errSecret.Error(), "panic": "panic: dial tcp 10.0.0.1", "panic text": "panic: dial tcp 10.0.0.1"} {
		for _, of := range []string{"Date", `Date = "` + text + `"`} {
			variables := `{}`
			prefix := `Variable "$x" has an invalid default value`
			if of == "Date" {
				variables = fmt.Sprintf(`{"x":%q}`, text)
				prefix = fmt.Sprintf(`Variable "$x" got invalid value %q`, text)
			}
			var f format
			_, errs := input.Variables(t.Context(), schema(t), operation(t, "query($x: "+of+"){a}"), []byte(variables), leaves{}, f.format)
			if want := prefix + `; Expected type "Date". internal error`; messages(errs) != want {
				t.Errorf("%s: %q; want %q", of, messages(errs), want)
			}
			if len(f.hidden) != 1 || f.hidden[0].Error() != hidden {
				t.Errorf("%s: format was given %v", of, f.hidden)
			}
		}
	}
}

func TestErrorsStaySmall(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	deep := strings.Repeat(`{"min":{},"inner":`, 3000) + `1` + strings.Repeat(`}`, 3000)
	for name, test := range map[string]struct {
		definitions, variables string
		errors                 int
	}{
		"a long string":        {"$x: Int", `{"x":"` + long + `"}`, 1},
		"control characters":   {"$x: Int, $y: Int", `{"x":"` + strings.Repeat(`\u0001`, 10_000) + `","y":"` + strings.Repeat(`\"`, 10_000) + `"}`, 2},
		"a long list":          {"$x: Int", `{"x":[` + strings.Repeat("1,", 50_000) + `1]}`, 1},
		"many wrong items":     {"$x: [Int]", `{"x":[` + strings.Repeat(`"`+strings.Repeat(`\\`, 100)+`",`, 5_000) + `1]}`, 10},
		"a long field":         {"$x: Point", `{"x":{"` + long + `":1}}`, 1},
		"a long variable":      {"$" + long + ": Int!", `{}`, 1},
		"a long enum value":    {"$x: Color", `{"x":"` + long + `"}`, 1},
		"deep":                 {"$x: Box", `{"x":` + deep + `}`, 1},
		"many lists in a type": {"$x: " + strings.Repeat("[", 900) + "Int" + strings.Repeat("]", 900) + "!", `{}`, 1},
		"too deep for JSON":    {"$x: Any", `{"x":` + strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000) + `}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := coerce(t, test.definitions, test.variables)
			if size := len(errs.AppendJSON(nil)); len(errs) != test.errors || size > 16<<10 {
				t.Errorf("%d errors, %d bytes", len(errs), size)
			}
		})
	}
}

// verbose is a format that says more than fits.
func verbose(context.Context, error) *ports.PublicError {
	return &ports.PublicError{Message: strings.Repeat("\x01", 5_000), Extensions: map[string]any{"long": strings.Repeat("x", 20_000)}}
}

func TestLongPublicErrorsAreCut(t *testing.T) {
	s := schema(t)
	var definitions, variables []string
	for i := range 20 {
		definitions = append(definitions, fmt.Sprintf("$v%d: Date", i))
		variables = append(variables, fmt.Sprintf(`"v%d":"x"`, i))
	}
	op := operation(t, "query("+strings.Join(definitions, ",")+"){a}")
	_, errs := input.Variables(t.Context(), s, op, []byte("{"+strings.Join(variables, ",")+"}"), leaves{}, verbose)
	if size := len(errs.AppendJSON(nil)); len(errs) == 0 || size > 16<<10 {
		t.Errorf("%d errors, %d bytes", len(errs), size)
	}
}

func TestDefaultValuesAreBounded(t *testing.T) {
	_, errs := coerce(t, "$x: [Wide]", `{"x":[`+strings.Repeat(`{},`, 10_000)+`{}]}`)
	if !strings.HasSuffix(messages(errs), "More than 100000 default values are needed.") {
		t.Errorf("%.300s", messages(errs))
	}
}

func TestResultsShareNothing(t *testing.T) {
	definitions := `$a: Box, $b: Box, $c: [Int] = [1,2]`
	given := `{"a":{"min":{}},"b":{"min":{}}}`
	op := operation(t, "query("+definitions+"){a}")
	s := schema(t)
	bind := func() map[string]any {
		got, errs := input.Variables(t.Context(), s, op, []byte(given), leaves{}, verbose)
		if errs != nil {
			t.Fatal(errs)
		}
		return got
	}
	first := bind()
	want, _ := json.Marshal(bind())
	first["a"].(map[string]any)["max"].(map[string]any)["x"] = "written"
	first["c"].([]any)[0] = "written"
	if untouched, _ := json.Marshal(first["b"]); strings.Contains(string(untouched), "written") {
		t.Errorf("one variable's default value is another's: %s", untouched)
	}
	if got, _ := json.Marshal(bind()); string(got) != string(want) {
		t.Errorf("got %s, want %s", got, want)
	}
}
