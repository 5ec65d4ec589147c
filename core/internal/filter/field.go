package filter

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// CheckField says so when the JSON of a type has no field at a dotted path. Where
// the type leaves open what its JSON has, such as a map, any name may be there.
func CheckField(payload reflect.Type, path string) error {
	for of := payload; path != ""; {
		var name string
		name, path, _ = strings.Cut(path, ".")
		for of.Kind() == reflect.Pointer && !isOpen(of) {
			of = of.Elem()
		}
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
	return nil
}

// isOpen is for types that make their JSON themselves.
func isOpen(of reflect.Type) bool {
	return of.Kind() == reflect.Interface ||
		of.Implements(reflect.TypeFor[json.Marshaler]()) || of.Implements(reflect.TypeFor[encoding.TextMarshaler]()) ||
		reflect.PointerTo(of).Implements(reflect.TypeFor[json.Marshaler]())
}

// jsonField finds a field of a struct by its name in the JSON (encoding/json,
// Marshal), those of embedded structs included.
func jsonField(of reflect.Type, name string) (reflect.Type, bool) {
	for _, field := range reflect.VisibleFields(of) {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case tag == "-" || !field.IsExported():
		case tag == name, tag == "" && field.Name == name && !field.Anonymous:
			return field.Type, true
		}
	}
	return nil, false
}
