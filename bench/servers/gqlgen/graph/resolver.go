// Package graph is the schema of the benchmark for gqlgen.
package graph

import (
	"context"

	"github.com/fanql/fanql/bench/internal/peer"
)

// Resolver resolves what Broker carries.
type Resolver struct{ Broker *peer.Broker[*peer.Message] }

// Query implements ResolverRoot.
func (r *Resolver) Query() QueryResolver { return queryResolver{} }

// Subscription implements ResolverRoot.
func (r *Resolver) Subscription() SubscriptionResolver { return subscriptionResolver{r} }

type (
	queryResolver        struct{}
	subscriptionResolver struct{ *Resolver }
	stateKey             struct{}
)

// WithState keeps the connection's state for resolvers.
func WithState(ctx context.Context, state peer.State) context.Context {
	return context.WithValue(ctx, stateKey{}, state)
}

func (queryResolver) Ok(context.Context) (*bool, error) { return nil, nil }

// What a channel of gqlgen's carries is the value of the field, so the broker
// changes it for the subscriber.
func (r subscriptionResolver) Message(ctx context.Context, suffix *string) (<-chan *peer.Message, error) {
	if suffix == nil {
		return r.Broker.Subscribe(ctx, nil), nil
	}
	return r.Broker.Subscribe(ctx, func(published *peer.Message) *peer.Message {
		mine := *published
		mine.Text += *suffix
		return &mine
	}), nil
}

func (r subscriptionResolver) Personal(ctx context.Context) (<-chan *peer.Message, error) {
	state, _ := ctx.Value(stateKey{}).(peer.State)
	return r.Broker.Subscribe(ctx, func(published *peer.Message) *peer.Message {
		mine := *published
		mine.Author = state.Name
		return &mine
	}), nil
}
