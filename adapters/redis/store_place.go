package redis

import (
	"context"
	"strconv"
	"time"

	"github.com/fanql/fanql/ports"
)

// GetSubscriber implements ports.SubscriptionStore with 1 script.
func (s *Store) GetSubscriber(ctx context.Context, topic ports.Topic, ref ports.OperationRef) (ports.Subscriber, error) {
	const op = "GetSubscriber"
	reply, err := s.run(ctx, call{
		s.scripts.listingGet, []string{s.topicKey(topic, "rows")}, []any{member(ref), string(instantOf(s.now()))},
	})
	switch {
	case err != nil:
		return ports.Subscriber{}, failure(op, err)
	case reply == nil:
		return ports.Subscriber{}, refusal(op, ports.ErrNotFound)
	}
	subscriber, ok := decodeSubscriber(replyText(reply))
	if !ok {
		return ports.Subscriber{}, failure(op, errReply)
	}
	return subscriber, nil
}

// MovePlace implements ports.SubscriptionStore with 1 script. A request that the client
// repeats because its answer was lost is recognized, and succeeds.
func (s *Store) MovePlace(
	ctx context.Context, topic ports.Topic, ref ports.OperationRef, receivedAt time.Time, was uint64, now ports.Place,
) error {
	const op = "MovePlace"
	token := newToken()
	moved, err := s.run(ctx, call{
		s.scripts.listingMove, []string{s.topicKey(topic, "rows")},
		[]any{
			member(ref), string(instantOf(s.now())), string(instantOf(receivedAt)), strconv.FormatUint(was, 10), encodePlace(now, token), token,
		},
	})
	switch {
	case err != nil:
		return failure(op, err)
	case replyNumber(moved) == 0:
		return refusal(op, ports.ErrNotFound)
	case replyNumber(moved) < 0:
		return refusal(op, ports.ErrConflict)
	}
	return nil
}
