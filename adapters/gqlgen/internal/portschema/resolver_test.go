package portschema

import (
	"context"
	"slices"

	"github.com/fanql/fanql/ports/porttest"
)

// Resolver resolves the schema as porttest.SchemaAdapter asks for.
type Resolver struct{}

func (r *mutationResolver) Append(ctx context.Context, v int) (int, error) {
	return porttest.Append(ctx, v), nil
}
func (r *nestResolver) String(ctx context.Context, obj *Nest) (string, error) { return "s", nil }
func (r *nestResolver) Fail(ctx context.Context, obj *Nest) (string, error) {
	return "", porttest.Fail("failed")
}
func (r *nestResolver) Nest(ctx context.Context, obj *Nest) (*Nest, error)       { return &Nest{}, nil }
func (r *queryResolver) Int(ctx context.Context, v *int) (*int, error)           { return v, nil }
func (r *queryResolver) Float(ctx context.Context, v *float64) (*float64, error) { return v, nil }
func (r *queryResolver) String(ctx context.Context, v *string) (*string, error)  { return v, nil }
func (r *queryResolver) Boolean(ctx context.Context, v *bool) (*bool, error)     { return v, nil }
func (r *queryResolver) ID(ctx context.Context, v *string) (*string, error)      { return v, nil }
func (r *queryResolver) Ints(ctx context.Context, v []int) ([]int, error) {
	result := slices.Clone(v)
	clear(v)
	return result, nil
}
func (r *queryResolver) Point(ctx context.Context, v Point) (int, error) {
	if v.Y == nil {
		return v.X, nil
	}
	return v.X + *v.Y, nil
}
func (r *queryResolver) Fail(ctx context.Context, text string) (*string, error) {
	return nil, porttest.Fail(text)
}
func (r *queryResolver) Panic(ctx context.Context, text string) (*string, error) { panic(text) }
func (r *queryResolver) Nest(ctx context.Context) (*Nest, error)                 { return &Nest{}, nil }
func (r *queryResolver) Nests(ctx context.Context, n int) ([]*Nest, error) {
	all := make([]*Nest, n)
	for i := range all {
		all[i] = &Nest{}
	}
	return all, nil
}
func (r *subscriptionResolver) Event(ctx context.Context, topic string) (<-chan *Event, error) {
	events := make(chan *Event, 1)
	defer close(events)
	if porttest.Deciding(ctx) {
		return events, porttest.Subscribed(ctx, topic)
	}
	event, err := porttest.Delivered(ctx)
	if err != nil {
		return nil, err
	}
	events <- &Event{ID: event.ID, Text: &event.Text}
	return events, nil
}
func (r *Resolver) Mutation() MutationResolver         { return &mutationResolver{r} }
func (r *Resolver) Nest() NestResolver                 { return &nestResolver{r} }
func (r *Resolver) Query() QueryResolver               { return &queryResolver{r} }
func (r *Resolver) Subscription() SubscriptionResolver { return &subscriptionResolver{r} }

type (
	mutationResolver     struct{ *Resolver }
	nestResolver         struct{ *Resolver }
	queryResolver        struct{ *Resolver }
	subscriptionResolver struct{ *Resolver }
)
