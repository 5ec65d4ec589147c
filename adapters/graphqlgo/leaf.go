package graphqlgo

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/ports"
)

// leaf is a scalar or an enum as the executor writes it.
type leaf struct {
	name   string
	kind   leafKind
	scalar *graphql.Scalar
	names  map[any]string // of an enum's values
}

type leafKind int

const (
	custom leafKind = iota
	intKind
	floatKind
	stringKind
	booleanKind
	idKind
	enum
)

// builtIn is the kind of a scalar.
func builtIn(of *graphql.Scalar) leafKind {
	switch of {
	case graphql.Int:
		return intKind
	case graphql.Float:
		return floatKind
	case graphql.String:
		return stringKind
	case graphql.Boolean:
		return booleanKind
	case graphql.ID:
		return idKind
	default:
		return custom
	}
}

// enumName is the name of an enum's value.
func (l *leaf) enumName(value any) (string, bool) {
	v := reflect.ValueOf(value)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		if name, ok := l.names[value]; ok {
			return name, true
		}
		v = v.Elem()
	}
	if !v.IsValid() || !v.Comparable() {
		return "", false
	}
	name, ok := l.names[v.Interface()]
	return name, ok
}

// plain writes the values that most leaves have, and returns false for others.
func (e *execution) plain(of *leaf, value any) bool {
	switch value := value.(type) {
	case string:
		if of.kind == stringKind || of.kind == idKind {
			e.out = appendString(e.out, value)
			return true
		}
	}
	return false
}

// leaf writes the value of a scalar or an enum (GraphQL, section 6.4.3).
func (e *execution) leaf(ctx context.Context, f *fieldPlan, of *leaf, value any) bool {
	switch of.kind {
	case enum:
		name, ok := of.enumName(value)
		if !ok {
			return e.fail(f, fmt.Sprintf("Enum %q cannot represent the value.", of.name), nil)
		}
		e.out = appendString(e.out, name)
		return true
	case custom:
		return e.scalar(ctx, f, of, value)
	default:
		out, err := appendBuiltIn(e.out, of, value)
		if public, ok := errors.AsType[*ports.PublicError](err); ok {
			return e.fail(f, public.Message, nil)
		} else if err != nil {
			return e.userError(ctx, f, err)
		}
		e.out = out
		return true
	}
}

// scalar writes what Serialize makes of a value.
func (e *execution) scalar(ctx context.Context, f *fieldPlan, of *leaf, value any) bool {
	serialized, err := guard(func() (any, error) { return of.scalar.Serialize(value), nil })
	if err != nil {
		return e.userError(ctx, f, err)
	}
	if isNil(serialized) {
		return e.fail(f, fmt.Sprintf("Scalar %q cannot represent the value.", of.name), nil)
	}
	encoded, err := encodeJSON(serialized)
	if err != nil {
		return e.userError(ctx, f, err)
	}
	e.out = append(e.out, encoded...)
	return true
}
