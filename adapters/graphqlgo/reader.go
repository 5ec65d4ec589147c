package graphqlgo

import (
	"context"
	"reflect"

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
	value := v.Interface()
	if r.kind == readMap {
		value, err := called(value)
		return e.completeResolved(ctx, f, value, err)
	}
	return e.complete(ctx, f, f.output, value)
}

// called calls a func() any that a map holds.
func called(value any) (any, error) {
	function, ok := value.(func() any)
	if !ok {
		return value, nil
	}
	return guard(func() (any, error) { return function(), nil })
}
