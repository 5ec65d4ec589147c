package redis

import (
	"context"

	"github.com/fanql/fanql/ports"
)

func (s *Store) checkpointKey(topic ports.Topic) string { return s.topicKey(topic, "checkpoint") }

// SaveCheckpoint implements ports.SubscriptionStore with 1 SET.
//
// It is not fenced against a worker that has lost its lease, and need not be. What
// a checkpoint says is true for ever: these events were pushed to everyone before
// the cursor, since a push that came to nothing for being late has ended the
// delivery (Router), which then leaves none. It counts for just these events, which
// later ones do not match. So the worst that a late one does is to take the place
// of a newer one, and then the events of that are repeated to those before its
// cursor, as they are where a worker was suspended past its lease in any case.
func (s *Store) SaveCheckpoint(ctx context.Context, topic ports.Topic, checkpoint ports.Checkpoint) error {
	const op = "SaveCheckpoint"
	if err := ended(ctx, op); err != nil {
		return err
	}
	if err := s.clocks.check(ctx); err != nil {
		return failure(op, err)
	}
	e := appendField(nil, instantOf(checkpoint.ExpiresAt))
	e = appendField(e, checkpoint.First)
	e = appendField(e, checkpoint.Done)
	e = appendField(e, checkpoint.Last)
	e = appendField(e, checkpoint.Cursor)
	return failure(op, s.client.Set(ctx, s.checkpointKey(topic), []byte(e), s.life(checkpoint.ExpiresAt)).Err())
}

// LoadCheckpoint implements ports.SubscriptionStore with 1 script.
func (s *Store) LoadCheckpoint(ctx context.Context, topic ports.Topic) (ports.Checkpoint, error) {
	const op = "LoadCheckpoint"
	reply, err := s.run(ctx, call{s.scripts.checkpointLoad, []string{s.checkpointKey(topic)}, nil})
	switch {
	case err != nil:
		return ports.Checkpoint{}, failure(op, err)
	case reply == nil:
		return ports.Checkpoint{}, refusal(op, ports.ErrNotFound)
	}
	d := decoder{rest: replyText(reply)}
	expires := instant(d.field())
	checkpoint := ports.Checkpoint{First: d.field(), Done: d.field(), Last: d.field(), Cursor: ports.Cursor(d.field()), ExpiresAt: expires.time()}
	switch {
	case !d.whole():
		return ports.Checkpoint{}, failure(op, errReply)
	case expires <= instantOf(s.now()):
		return ports.Checkpoint{}, refusal(op, ports.ErrNotFound)
	}
	return checkpoint, nil
}
