package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// checkpointLife outlasts what a DynamoDB stream keeps (24 hours).
const checkpointLife = 25 * time.Hour

// save leaves a checkpoint: the events before done were pushed to everyone, and those
// before end to everyone before the cursor. Cause is why the others were not.
func (t *turn) save(ctx context.Context, done, end int, at ports.Cursor, cause error) error {
	if end == 0 || t.events[0].Position == "" { // nobody was reached, or the bus has no positions
		return cause
	}
	checkpoint := ports.Checkpoint{
		First: t.events[0].Position, Last: t.events[end-1].Position, Cursor: at, ExpiresAt: t.Now().Add(checkpointLife),
	}
	if done > 0 {
		checkpoint.Done = t.events[done-1].Position
	}
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	return errors.Join(cause, t.Store.SaveCheckpoint(ctx, t.topic, checkpoint))
}

// resume finds out where a former delivery of the topic stopped. Of the events, from
// the first on, those before done had been pushed to everyone, and those before begun
// to everyone before the cursor. Events after them are new.
func (t *turn) resume(ctx context.Context) (done, begun int, cursor ports.Cursor, err error) {
	checkpoint, err := t.Store.LoadCheckpoint(ctx, t.topic)
	if errors.Is(err, ports.ErrNotFound) {
		return 0, 0, "", nil
	}
	if err != nil {
		return 0, 0, "", err
	}
	upTo := func(last string) int {
		count := 0
		for count < len(t.events) && checkpoint.First <= t.events[count].Position && t.events[count].Position <= last {
			count++
		}
		return count
	}
	return upTo(checkpoint.Done), upTo(checkpoint.Last), checkpoint.Cursor, nil
}
