package graphqlgo

import (
	"context"
	"reflect"
	"strings"

	"github.com/graphql-go/graphql"
)

// reader is how the default resolver reads a field of a Go type.
type reader struct {
	of   reflect.Type
	kind readerKind
	// index leads to a field of a struct.
	index []int
}

type readerKind int

const (
	readNothing readerKind = iota
	readStruct
	readMap
	readResolver // graphql.FieldResolver
)

// maxReaders is how many types a field remembers.
const maxReaders = 64

// reader finds how the field is read from a type, in graphql-go's order.
func (f *field) reader(of reflect.Type) reader {
	known := f.readers.Load()
	if known != nil {
		for i := range *known {
			if (*known)[i].of == of {
				return (*known)[i]
			}
		}
	}
	made := newReader(of, f.name)
	if known == nil {
		f.readers.CompareAndSwap(nil, &[]reader{made})
	} else if len(*known) < maxReaders {
		next := append([]reader{made}, *known...)
		f.readers.CompareAndSwap(known, &next)
	}
	return made
}

func newReader(of reflect.Type, name string) reader {
	r := reader{of: of}
	if of.Implements(reflect.TypeFor[graphql.FieldResolver]()) {
		r.kind = readResolver
		return r
	}
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch {
	case of.Kind() == reflect.Struct:
		if r.index = structIndex(of, name); r.index != nil {
			r.kind = readStruct
		}
	case of.Kind() == reflect.Map && of.Key().Kind() == reflect.String:
		r.kind = readMap
	}
	return r
}

// read is the default resolver, and writes what it finds.
func (e *execution) read(ctx context.Context, f *fieldPlan, source any) bool {
	if members, ok := source.(map[string]any); ok {
		value, err := called(members[f.name])
		return e.completeResolved(ctx, f, value, err)
	}
	v := reflect.ValueOf(source)
	r := f.reader(v.Type())
	if r.kind == readResolver {
		value, err := e.resolve(ctx, f, source, source.(graphql.FieldResolver).Resolve)
		return e.completeResolved(ctx, f, value, err)
	}
	if v.Kind() == reflect.Pointer {
		if v = v.Elem(); !v.IsValid() {
			return e.null(f, f.output)
		}
	}
	switch r.kind {
	case readStruct:
		v = at(v, r.index)
		if leaf := f.output.leaf; leaf != nil && leaf.builtIn != nil && v.IsValid() && v.Kind() != reflect.Func && v.Kind() != reflect.Interface {
			start := len(e.out) // no interface value is made
			written, err := leaf.builtIn.appendValue(e.out, v)
			return e.builtIn(ctx, f, f.output, start, written, err)
		}
	case readMap:
		v = v.MapIndex(reflect.ValueOf(f.name).Convert(v.Type().Key()))
	default:
		v = reflect.Value{}
	}
	if !v.IsValid() {
		return e.null(f, f.output)
	}
	value, err := any(nil), error(nil)
	if value = v.Interface(); r.kind == readMap {
		value, err = called(value)
	}
	return e.completeResolved(ctx, f, value, err)
}

// called calls a func() any that a map holds.
func called(value any) (any, error) {
	function, ok := value.(func() any)
	if !ok {
		return value, nil
	}
	return guard(func() (any, error) { return function(), nil })
}

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
