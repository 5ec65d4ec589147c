package filter

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fanql/fanql/ports"
)

const wherePayload = `{
	"text": "hello world", "n": 5, "zero": 0, "yes": true, "none": null, "tags": ["a", 2, null],
	"author": {"name": "ann", "address": {"city": "Ulm"}}, "a.b": 1
}`

func TestConditionsHold(t *testing.T) {
	payload, err := ports.DecodeJSON([]byte(wherePayload))
	if err != nil {
		t.Fatal(err)
	}
	type list = []any
	for _, test := range []struct {
		field    string
		operator Operator
		value    any
		want     bool
	}{
		{"text", Eq, "hello world", true}, {"text", Eq, "hello", false}, {"n", Eq, 5, true}, {"n", Eq, "5", false},
		{"yes", Eq, true, true}, {"yes", Eq, 1, false}, {"none", Eq, nil, true}, {"missing", Eq, nil, true}, {"zero", Eq, nil, false},
		{"tags", Eq, list{"a", 2, nil}, true}, {"tags", Eq, list{"a", 2}, false}, {"n", Eq, list{5}, false},
		{"author", Eq, map[string]any{"name": "ann", "address": map[string]any{"city": "Ulm"}}, true},
		{"author", Eq, map[string]any{"name": "ann"}, false},
		{"n", Ne, 4, true}, {"n", Ne, 5, false}, {"missing", Ne, 5, true}, {"missing", Ne, nil, false},
		{"n", Lt, 6, true}, {"n", Lt, 5, false}, {"n", Le, 5, true}, {"n", Le, 4.9, false},
		{"n", Gt, 4, true}, {"n", Gt, 5, false}, {"n", Ge, 5, true}, {"n", Ge, 5.1, false},
		{"text", Lt, "i", true}, {"text", Gt, "hello", true}, {"text", Lt, 5, false}, {"missing", Lt, 5, false}, {"yes", Le, 1, false},
		{"n", In, list{4, 5}, true}, {"n", In, list{"5"}, false}, {"n", In, list{}, false}, {"missing", In, list{1}, false}, {"none", In, list{nil}, true},
		{"n", NotIn, list{4}, true}, {"n", NotIn, list{5}, false}, {"missing", NotIn, list{5}, true},
		{"text", Contains, "lo wo", true}, {"text", Contains, "x", false}, {"text", Contains, 5, false},
		{"tags", Contains, "a", true}, {"tags", Contains, 2, true}, {"tags", Contains, "2", false}, {"missing", Contains, "a", false},
		{"tags", NotContains, "b", true}, {"tags", NotContains, "a", false}, {"text", NotContains, "hello", false}, {"missing", NotContains, "a", true},
		{"text", BeginsWith, "hello", true}, {"text", BeginsWith, "world", false}, {"text", BeginsWith, "", true}, {"n", BeginsWith, "5", false},
		{"n", Between, list{5, 5}, true}, {"n", Between, list{1, 4}, false}, {"n", Between, list{6, 9}, false},
		{"text", Between, list{"a", "i"}, true}, {"missing", Between, list{1, 9}, false},
		{"author.name", Eq, "ann", true}, {"author.address.city", Eq, "Ulm", true}, {"author.address.city.x", Eq, nil, true},
		{"author.nobody", Eq, nil, true}, {"tags.0", Eq, "a", false}, {"a.b", Eq, 1, false},
	} {
		c, err := New(test.field, test.operator, test.value)
		if err != nil {
			t.Errorf("%s %s %v: %v", test.field, test.operator, test.value, err)
			continue
		}
		stored, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var read Condition
		if err := json.Unmarshal(stored, &read); err != nil {
			t.Fatal(err)
		}
		if got := read.Holds(payload); got != test.want {
			t.Errorf("%s %s %v is %v, want %v", test.field, test.operator, test.value, got, test.want)
		}
	}
}

func TestConditionsRefuseWhatCannotHold(t *testing.T) {
	for _, test := range []struct {
		field    string
		operator Operator
		value    any
		want     string
	}{
		{"a", "like", 1, "no such operator"},
		{"", Eq, 1, "path of names"}, {"a..b", Eq, 1, "path of names"}, {"a.", Eq, 1, "path of names"},
		{"a", Lt, true, "number or a string"}, {"a", Ge, nil, "number or a string"},
		{"a", In, 1, "must be a list"}, {"a", NotIn, "x", "must be a list"},
		{"a", BeginsWith, 1, "must be a string"},
		{"a", Between, []int{1}, "list of two"}, {"a", Between, []any{1, "b"}, "list of two"}, {"a", Between, 1, "list of two"},
		{"a", Eq, make(chan int), "unsupported type"},
	} {
		_, err := New(test.field, test.operator, test.value)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q %s %v: %v, want an error with %q", test.field, test.operator, test.value, err, test.want)
		}
	}
}

func TestConditionsAreBounded(t *testing.T) {
	for name, test := range map[string]struct {
		conditions int
		value      string
		fine       bool
	}{
		"20 conditions": {20, "x", true}, "21 conditions": {21, "x", false}, "5 KB": {1, strings.Repeat("x", 5<<10), false},
	} {
		var filters Filters
		for range test.conditions {
			condition, err := New("a", Eq, test.value)
			if err != nil {
				t.Fatal(err)
			}
			filters.Where = append(filters.Where, condition)
		}
		if _, err := filters.Encode(); (err == nil) != test.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNumbersCompareExactly(t *testing.T) {
	for _, test := range []struct {
		payload  string
		operator Operator
		value    any
		want     bool
	}{
		{`1795292668348461057`, Eq, int64(1795292668348461057), true},
		{`1795292668348461056`, Eq, int64(1795292668348461057), false},
		{`1795292668348461056`, Lt, int64(1795292668348461057), true},
		{`12345678901234567890`, Eq, uint64(12345678901234567890), true},
		{`12345678901234567891`, Gt, uint64(12345678901234567890), true},
		{`1795292668348461057`, In, []int64{1795292668348461056}, false},
		{`2`, Eq, 2.0, true}, {`2.0`, Eq, 2, true}, {`2.5`, Gt, 2, true}, {`1e2`, Eq, 100, true}, {`1e400`, Gt, 1, true},
	} {
		payload, err := ports.DecodeJSON([]byte(`{"n":` + test.payload + `}`))
		if err != nil {
			t.Fatal(err)
		}
		condition, err := New("n", test.operator, test.value)
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := Filters{Where: []Condition{condition}}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got := Decode(encoded).Pass(payload); got != test.want {
			t.Errorf("%s %s %v is %t", test.payload, test.operator, test.value, got)
		}
	}
}
