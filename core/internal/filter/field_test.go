package filter

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestFieldsAreThoseOfTheJSON(t *testing.T) {
	type embedded struct {
		Inner string `json:"inner"`
	}
	type payload struct {
		embedded
		Room   string `json:"room"`
		Plain  int
		Hidden string `json:"-"`
		Author *struct {
			Name string `json:"name,omitempty"`
		} `json:"author"`
		Any  any                 `json:"any"`
		Raw  json.RawMessage     `json:"raw"`
		At   time.Time           `json:"at"`
		Tags []string            `json:"tags"`
		By   map[string]embedded `json:"by"`
	}
	for path, known := range map[string]bool{
		"room": true, "Plain": true, "inner": true, "author.name": true, "any.x.y": true, "raw.x": true, "at": true, "tags": true,
		"by.somebody.inner": true,
		"Room":              false, "Hidden": false, "-": false, "author.nobody": false, "room.x": false, "tags.0": false, "by.somebody.outer": false,
	} {
		if err := CheckField(reflect.TypeFor[payload](), Condition{Field: path, Operator: Eq}); (err == nil) != known {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := CheckField(reflect.TypeFor[any](), Condition{Field: "whatever", Operator: Eq, Value: 1}); err != nil {
		t.Error(err)
	}
}

// A condition that never holds, or always, is a mistake.
func TestValuesAreOfTheFieldsKind(t *testing.T) {
	type list = []any
	type tree []tree
	type payload struct {
		Tree   tree              `json:"tree"`
		Text   string            `json:"text"`
		Number *int64            `json:"number"`
		Float  float32           `json:"float"`
		Quoted int               `json:"quoted,string"`
		Digits json.Number       `json:"digits"`
		Yes    bool              `json:"yes"`
		Tags   []string          `json:"tags"`
		Bytes  []byte            `json:"bytes"`
		At     time.Time         `json:"at"`
		Any    any               `json:"any"`
		Counts map[string]int    `json:"counts"`
		Author struct{ Age int } `json:"author"`
	}
	for _, test := range []struct {
		field    string
		operator Operator
		value    any
		fits     bool
	}{
		{"tree", Eq, list{}, true}, {"tree", Contains, list{}, true}, {"tree", Contains, 1, false},
		{"text", Eq, "1", true}, {"text", Eq, 1, false}, {"text", Ne, true, false}, {"text", Eq, nil, true}, {"text", Eq, list{}, false},
		{"number", Eq, 1, true}, {"number", Ge, 1.5, true}, {"number", Eq, "1", false}, {"number", Lt, "1", false}, {"float", Between, list{1, 2.5}, true},
		{"float", Between, list{"a", "b"}, false}, {"yes", Eq, true, true}, {"yes", Eq, 1, false}, {"yes", Lt, 1, false},
		{"quoted", Eq, "1", true}, {"quoted", Eq, 1, true}, {"digits", Eq, 1, true}, {"digits", Eq, "1", true},
		{"text", In, list{"a", nil}, true}, {"text", In, list{"a", 1}, false}, {"number", NotIn, list{"a"}, false}, {"number", In, list{}, true},
		{"text", Contains, "a", true}, {"text", Contains, 1, false}, {"tags", Contains, "a", true}, {"tags", Contains, 1, false},
		{"tags", Eq, list{"a"}, true}, {"tags", Eq, "a", false}, {"number", Contains, 1, false}, {"author", NotContains, "a", false},
		{"text", BeginsWith, "a", true}, {"number", BeginsWith, "1", false}, {"bytes", Eq, "AA==", true}, {"bytes", Eq, list{1}, false},
		{"at", Gt, "2026", true}, {"at", Eq, 1, true}, {"any", Eq, 1, true}, {"any.x", Eq, "a", true},
		{"counts.a", Eq, 1, true}, {"counts.a", Eq, "1", false}, {"counts", Eq, 1, false}, {"author.Age", Eq, "1", false}, {"author", Eq, map[string]any{"Age": 1}, true},
	} {
		condition, err := New(test.field, test.operator, test.value)
		if err != nil {
			t.Errorf("%s %s %v: %v", test.field, test.operator, test.value, err)
			continue
		}
		if err := CheckField(reflect.TypeFor[payload](), condition); (err == nil) != test.fits {
			t.Errorf("%s %s %v: %v", test.field, test.operator, test.value, err)
		}
	}
}
