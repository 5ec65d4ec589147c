package graphqlgo

import (
	"reflect"
	"strings"
)

// at is the field of a struct, or nothing if a pointer to an embedded one is nil.
func at(v reflect.Value, index []int) reflect.Value {
	for _, i := range index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

// structIndex finds the field of a struct: the first one that matches, as graphql-go
// does; then in embedded structs as encoding/json does, level by level.
func structIndex(of reflect.Type, name string) []int {
	for i := range of.NumField() {
		if f := of.Field(i); f.IsExported() && matches(f, name) {
			return []int{i}
		}
	}
	return embeddedIndex(of, name)
}

func matches(f reflect.StructField, name string) bool {
	return strings.EqualFold(f.Name, name) || tagged(f, "json", name) || tagged(f, "graphql", name)
}

func tagged(f reflect.StructField, tag, name string) bool {
	first, _, _ := strings.Cut(f.Tag.Get(tag), ",")
	return first == name
}

// embeddedIndex looks at one level of embedding after the other. Of several fields
// of a level, none counts, unless exactly one has the name in a tag.
func embeddedIndex(of reflect.Type, name string) []int {
	type level struct {
		of    reflect.Type
		index []int
	}
	visited := map[reflect.Type]bool{of: true}
	for current := []level{{of: of}}; len(current) > 0; {
		var next []level
		var found, foundTagged [][]int
		for _, l := range current {
			for i := range l.of.NumField() {
				f := l.of.Field(i)
				index := append(append([]int(nil), l.index...), i)
				if len(l.index) > 0 && f.IsExported() && f.Tag.Get("json") != "-" && matches(f, name) {
					found = append(found, index)
					if tagged(f, "json", name) || tagged(f, "graphql", name) {
						foundTagged = append(foundTagged, index)
					}
				}
				if inner := embedded(f); inner != nil && !visited[inner] {
					visited[inner] = true
					next = append(next, level{inner, index})
				}
			}
		}
		switch {
		case len(found) == 1:
			return found[0]
		case len(foundTagged) == 1:
			return foundTagged[0]
		case len(found) > 1:
			return nil
		}
		current = next
	}
	return nil
}

// embedded is the struct whose fields are promoted.
func embedded(f reflect.StructField) reflect.Type {
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); !f.Anonymous || name != "" {
		return nil
	}
	of := f.Type
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
		if !f.IsExported() && of.Kind() == reflect.Struct {
			return of
		}
	}
	if of.Kind() != reflect.Struct {
		return nil
	}
	return of
}
