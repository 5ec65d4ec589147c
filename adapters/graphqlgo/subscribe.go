package graphqlgo

import (
	"context"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/internal/graphql/input"
	"github.com/fanql/fanql/ports"
)

// Subscribe runs the Subscribe function of the subscription's field.
func (b *bound) Subscribe(ctx context.Context, format ports.ErrorFormat) ports.ResponseErrors {
	root := b.plan.root
	if b.operation.Kind() != ports.OperationSubscription {
		return ports.NewResponseErrors("the operation is no subscription")
	}
	if root.failure != nil {
		return ports.ResponseErrors{*root.failure}
	}
	if len(root.fields) == 0 {
		return ports.NewResponseErrors("the subscription selects no field, with these variables")
	}
	f := &root.fields[0]
	if len(root.fields) > 1 || f.typename != nil {
		return ports.NewResponseErrors("a subscription must select one field, which is one of its type")
	}
	if err := b.subscribe(ctx, f); err != nil {
		public := format(ctx, f.failed(err))
		return ports.ResponseErrors{{Message: public.Message, Locations: f.locations, Path: []any{f.key}, Extensions: public.Extensions}}
	}
	return nil
}

func (b *bound) subscribe(ctx context.Context, f *fieldPlan) (err error) {
	arguments, err := f.arguments.Map(b.variables)
	if err != nil {
		return err
	}
	info := f.info
	info.Path = f.path
	info.VariableValues, _ = input.Clone(b.variables).(map[string]any)
	defer ports.Recover(&err)
	_, err = f.subscribe(graphql.ResolveParams{Args: arguments, Info: info, Context: ctx})
	return err
}
