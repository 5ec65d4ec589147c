package chatgqlgen

import (
	"context"

	"github.com/fanql/fanql/examples/chat/schema"
)

// resolvers are the chat for gqlgen.
type resolvers struct{ schema.Chat }

var _ ResolverRoot = resolvers{}

// Query implements ResolverRoot.
func (r resolvers) Query() QueryResolver { return queries(r) }

// Mutation implements ResolverRoot.
func (r resolvers) Mutation() MutationResolver { return mutations(r) }

// Subscription implements ResolverRoot.
func (r resolvers) Subscription() SubscriptionResolver { return subscriptions(r) }

type (
	queries       resolvers
	mutations     resolvers
	subscriptions resolvers
)

// Rooms implements QueryResolver.
func (r queries) Rooms(ctx context.Context) ([]schema.Room, error) { return r.History.Rooms(ctx) }

// Messages implements QueryResolver.
func (r queries) Messages(ctx context.Context, room string, last *int) ([]schema.Message, error) {
	return r.Chat.Messages(ctx, room, valueOf(last))
}

// Send implements MutationResolver.
func (r mutations) Send(ctx context.Context, room, text string, author *string) (schema.Message, error) {
	return r.Chat.Send(ctx, room, text, valueOf(author))
}

// Typing implements MutationResolver.
func (r mutations) Typing(ctx context.Context, room string, author *string) (bool, error) {
	return r.Chat.Typing(ctx, room, valueOf(author))
}

// docs:start subscriptions

// Room implements SubscriptionResolver.
func (r subscriptions) Room(ctx context.Context, name string) (<-chan schema.RoomUpdate, error) {
	topic, history, err := r.Enter(name)
	if err != nil {
		return nil, err
	}
	return topic.Channel(ctx, history)
}

// Activity implements SubscriptionResolver.
func (subscriptions) Activity(ctx context.Context) (<-chan schema.Message, error) {
	return schema.ActivityTopic().Channel(ctx)
}

// docs:end subscriptions

func valueOf[T any](argument *T) T {
	if argument == nil {
		var zero T
		return zero
	}
	return *argument
}
