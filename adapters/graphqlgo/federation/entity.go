package federation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// entity is a type that has keys.
type entity struct {
	name     string
	keys     []key
	field    string // the resolver is given the value of this field, not the representation
	resolver Resolver
}

// key is the fields of one key that can be resolved.
type key struct {
	text   string
	fields []selected
}

// representation checks that the fields of one of the keys are there, and fit their
// types.
func (e *entity) representation(of map[string]any) error {
	for _, k := range e.keys {
		if has(of, k.fields) {
			return nil
		}
	}
	names := make([]string, len(e.keys))
	for i, k := range e.keys {
		names[i] = fmt.Sprintf("%q", k.text)
	}
	return problemf("it lacks fields of the key of %s: %s", e.name, strings.Join(names, ", or "))
}

func has(of map[string]any, fields []selected) bool {
	for _, f := range fields {
		value, ok := of[f.field.Name]
		if !ok || !fits(value, f.field.Type, f.fields) {
			return false
		}
	}
	return true
}

// fits reports whether a value is null only where it may be, and an object or a list where
// it has to be.
func fits(value any, of *ast.Type, fields []selected) bool {
	if value == nil {
		return !of.NonNull
	}
	if of.Elem != nil {
		list, ok := value.([]any)
		return ok && !slices.ContainsFunc(list, func(item any) bool { return !fits(item, of.Elem, fields) })
	}
	if len(fields) == 0 {
		return true
	}
	object, ok := value.(map[string]any)
	return ok && has(object, fields)
}

// single is the one field of the one key, if that is all.
func (e *entity) single() (string, bool) {
	if len(e.keys) != 1 || len(e.keys[0].fields) != 1 || len(e.keys[0].fields[0].fields) != 0 {
		return "", false
	}
	return e.keys[0].fields[0].field.Name, true
}

// skeleton is a representation that has the fields of a key, and no values.
func skeleton(fields []selected) json.RawMessage {
	members := make([]string, len(fields))
	for i, f := range fields {
		value := "null"
		if len(f.fields) > 0 {
			value = string(skeleton(f.fields))
			for of := f.field.Type; of.Elem != nil; of = of.Elem {
				value = "[" + value + "]"
			}
		}
		members[i] = fmt.Sprintf("%q:%s", f.field.Name, value)
	}
	return json.RawMessage("{" + strings.Join(members, ",") + "}")
}
