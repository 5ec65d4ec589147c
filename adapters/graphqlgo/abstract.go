package graphqlgo

import (
	"context"
	"fmt"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/ports"
)

// abstract finds the object type of a value (GraphQL, section 6.4.3,
// ResolveAbstractType), and executes what is selected of it.
func (e *execution) abstract(ctx context.Context, f *fieldPlan, of *abstract, value any) bool {
	found, err := e.typeOf(ctx, f, of, value)
	if err != nil {
		return e.userError(ctx, f, err)
	}
	if found == nil {
		return e.fail(f, fmt.Sprintf("Abstract type %q must resolve to an Object type at runtime for field %q.", of.name, f.label), nil)
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
