package filter

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// CheckField says so when the JSON of a type has no field for a condition, or a field
// that can never be what the condition compares it with. Where the type leaves open what
// its JSON has, such as a map, any name may be there.
func CheckField(payload reflect.Type, condition Condition) error {
	of := payload
	for path := condition.Field; path != ""; {
		var name string
		name, path, _ = strings.Cut(path, ".")
		of = pointed(of)
		switch {
		case isOpen(of):
			return nil
		case of.Kind() == reflect.Map:
			of = of.Elem()
			continue
		case of.Kind() != reflect.Struct:
			return fmt.Errorf("%s is no object with a field %q", of, name)
		}
		field, ok := jsonField(of, name)
		if !ok {
			return fmt.Errorf("the JSON of %s has no field %q", of, name)
		}
		of = field
	}
	return checkKind(condition, of)
}

// pointed is what pointers of a type point to.
func pointed(of reflect.Type) reflect.Type {
	for of.Kind() == reflect.Pointer && !isOpen(of) {
		of = of.Elem()
	}
	return of
}

// isOpen is for types that make their JSON themselves.
func isOpen(of reflect.Type) bool {
	return of.Kind() == reflect.Interface ||
		of.Implements(reflect.TypeFor[json.Marshaler]()) || of.Implements(reflect.TypeFor[encoding.TextMarshaler]()) ||
		reflect.PointerTo(of).Implements(reflect.TypeFor[json.Marshaler]()) || reflect.PointerTo(of).Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// jsonField finds a field of a struct by its name in the JSON (encoding/json,
// Marshal), those of embedded structs included.
func jsonField(of reflect.Type, name string) (reflect.Type, bool) {
	for _, field := range reflect.VisibleFields(of) {
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case tag == "-" || !field.IsExported():
		case tag != name && (tag != "" || field.Name != name || field.Anonymous):
		case slices.Contains(strings.Split(options, ","), "string"):
			return reflect.TypeFor[any](), true // a number in a string
		default:
			return field.Type, true
		}
	}
	return nil, false
}
