package federation

import (
	"encoding/json"
	"fmt"
	"strings"
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

// representation checks that the fields of one of the keys are there, and are not null
// where their types do not allow it.
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
		if !ok || value == nil && f.field.Type.NonNull {
			return false
		}
		if len(f.fields) == 0 || value == nil {
			continue
		}
		inner, ok := value.(map[string]any)
		if !ok || !has(inner, f.fields) {
			return false
		}
	}
	return true
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
		}
		members[i] = fmt.Sprintf("%q:%s", f.field.Name, value)
	}
	return json.RawMessage("{" + strings.Join(members, ",") + "}")
}
