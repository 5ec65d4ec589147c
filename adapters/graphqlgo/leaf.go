package graphqlgo

import (
	"context"
	"fmt"
	"reflect"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/internal/graphql/response"
)

// leaf is a scalar or an enum as the executor writes it. One of builtIn, scalar and
// names is set.
type leaf struct {
	name    string
	builtIn *builtIn
	scalar  *graphql.Scalar
	names   map[any]string // of an enum's values
}

// builtIn writes a scalar that GraphQL itself has (section 3.5).
type builtIn struct {
	append      func([]byte, any) ([]byte, error)
	appendValue func([]byte, reflect.Value) ([]byte, error)
}

func builtInOf(of *graphql.Scalar) *builtIn {
	switch of {
	case graphql.Int:
		return &builtIn{response.AppendInt, response.AppendIntValue}
	case graphql.Float:
		return &builtIn{response.AppendFloat, response.AppendFloatValue}
	case graphql.String:
		return &builtIn{response.AppendString, response.AppendStringValue}
	case graphql.Boolean:
		return &builtIn{response.AppendBoolean, response.AppendBooleanValue}
	case graphql.ID:
		return &builtIn{response.AppendID, response.AppendIDValue}
	default:
		return nil
	}
}

// leaf writes the value of a scalar or an enum (GraphQL, section 6.4.3).
func (e *execution) leaf(ctx context.Context, f *fieldPlan, of *output, value any) bool {
	switch {
	case of.leaf.builtIn != nil:
		start := len(e.out)
		written, err := of.leaf.builtIn.append(e.out, value)
		return e.builtIn(ctx, f, of, start, written, err)
	case of.leaf.scalar != nil:
		return e.scalar(ctx, f, of.leaf, value)
	}
	name, ok := of.leaf.enumName(value)
	if !ok {
		return e.fail(f, fmt.Sprintf("Enum %q cannot represent the value.", of.leaf.name), nil)
	}
	e.out = response.AppendText(e.out, name)
	return true
}

// builtIn looks at what was written: of a pointer to nil, null.
func (e *execution) builtIn(ctx context.Context, f *fieldPlan, of *output, start int, written []byte, err error) bool {
	if err != nil {
		return e.userError(ctx, f, err)
	}
	if of.nonNull && string(written[start:]) == "null" {
		return e.null(f, of)
	}
	e.out = written
	return true
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
	if e.out, err = response.AppendJSON(e.out, serialized); err != nil {
		return e.userError(ctx, f, err)
	}
	return true
}

// enumName is the name of an enum's value, or of what it points to.
func (l *leaf) enumName(value any) (string, bool) {
	v := reflect.ValueOf(value)
	if v.Comparable() {
		if name, ok := l.names[value]; ok {
			return name, true
		}
	}
	if v.Kind() != reflect.Pointer || v.IsNil() || !v.Elem().Comparable() {
		return "", false
	}
	name, ok := l.names[v.Elem().Interface()]
	return name, ok
}
