package graphqlgo

import (
	"context"
	"fmt"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/ports"
)

// Typed is a value with the name of its type. A resolver may return one where the type
// is abstract; then ResolveType and IsTypeOf are not asked about that. Type is an object
// type, or an interface or a union, which is asked in its place. Resolvers of fields receive
// the Value.
type Typed struct {
	Type  string
	Value any
}

// abstract finds the object type of a value (GraphQL, section 6.4.3,
// ResolveAbstractType), and executes what is selected of it.
func (e *execution) abstract(ctx context.Context, f *fieldPlan, of *abstract, value any) bool {
	if typed, ok := value.(Typed); ok {
		return e.typed(ctx, f, of, typed)
	}
	return e.untyped(ctx, f, of, of, value)
}

func (e *execution) typed(ctx context.Context, f *fieldPlan, of *abstract, value Typed) bool {
	if narrower := e.schema.abstracts[value.Type]; narrower != nil {
		return e.untyped(ctx, f, of, narrower, value.Value)
	}
	o := e.schema.objects[value.Type]
	if !of.has[o] {
		return e.fail(f, fmt.Sprintf("Runtime Object type %q is not a possible type for %q.", value.Type, of.name), nil)
	}
	return e.object(ctx, f, o, value.Value)
}

// untyped asks one abstract type about a value that is of another, or of the same.
func (e *execution) untyped(ctx context.Context, f *fieldPlan, of, asked *abstract, value any) bool {
	found, err := e.typeOf(ctx, f, asked, value)
	if err != nil {
		return e.userError(ctx, f, err)
	}
	if found == nil {
		return e.fail(f, fmt.Sprintf("Abstract type %q must resolve to an Object type at runtime for field %q.", asked.name, f.label), nil)
	}
	o := e.schema.objects[found.Name()]
	if !of.has[o] {
		return e.fail(f, fmt.Sprintf("Runtime Object type %q is not a possible type for %q.", found.Name(), of.name), nil)
	}
	return e.object(ctx, f, o, value)
}

func (e *execution) typeOf(ctx context.Context, f *fieldPlan, of *abstract, value any) (found *graphql.Object, err error) {
	if of.resolveType != nil {
		defer ports.Recover(&err)
		return of.resolveType(graphql.ResolveTypeParams{Value: value, Info: e.info(f), Context: ctx}), nil
	}
	for _, possible := range of.possible {
		if is, err := e.isTypeOf(ctx, f, possible, value); err != nil {
			return nil, err
		} else if is {
			return possible.source, nil
		}
	}
	return nil, nil
}

func (e *execution) isTypeOf(ctx context.Context, f *fieldPlan, of *object, value any) (is bool, err error) {
	defer ports.Recover(&err)
	return of.isTypeOf(graphql.IsTypeOfParams{Value: value, Info: e.info(f), Context: ctx}), nil
}
