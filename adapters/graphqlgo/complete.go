package graphqlgo

import (
	"context"
	"fmt"
	"reflect"
)

// complete writes the value of the innermost frame (GraphQL, section 6.4.3).
func (e *execution) complete(ctx context.Context, f *fieldPlan, of *output, value any) bool {
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Invalid:
		return e.null(f, of)
	case reflect.Pointer:
		if v.IsNil() {
			return e.null(f, of)
		}
	case reflect.Func:
		if v.IsNil() {
			return e.null(f, of)
		}
		return e.function(f, of, value)
	}
	switch {
	case of.leaf != nil:
		return e.leaf(ctx, f, of, value)
	case of.item != nil:
		return e.list(ctx, f, of.item, v)
	case of.object != nil:
		return e.object(ctx, f, of.object, value)
	default:
		return e.abstract(ctx, f, of.abstract, value)
	}
}

func (e *execution) null(f *fieldPlan, of *output) bool {
	if of.nonNull {
		return e.fail(f, fmt.Sprintf("Cannot return null for non-nullable field %s.", f.label), nil)
	}
	e.out = append(e.out, "null"...)
	return true
}

// list takes slices and arrays, and pointers to them.
func (e *execution) list(ctx context.Context, f *fieldPlan, of *output, v reflect.Value) bool {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
		return e.fail(f, fmt.Sprintf("Expected Iterable, but did not find one for field %q.", f.label), nil)
	}
	e.out = append(e.out, '[')
	for i := range v.Len() {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.frames = append(e.frames, frame{index: i, start: len(e.out), nullable: !of.nonNull})
		ok := e.orNull(e.complete(ctx, f, of, v.Index(i).Interface()))
		e.pop()
		if !ok {
			return false
		}
	}
	e.out = append(e.out, ']')
	return true
}

// object executes what is selected of an object.
func (e *execution) object(ctx context.Context, f *fieldPlan, of *object, value any) bool {
	if of.isTypeOf != nil {
		is, err := e.isTypeOf(ctx, f, of, value)
		if err != nil {
			return e.userError(ctx, f, err)
		}
		if !is {
			return e.fail(f, fmt.Sprintf("Expected value of type %q but got another for field %q.", of.name, f.label), nil)
		}
	}
	return e.fields(ctx, f.of(of), value)
}
