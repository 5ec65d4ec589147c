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

// errUnfinished is the verdict on events whose delivery goes on next time.
var errUnfinished = &ports.Error{Op: "core.Deliver", Kind: ports.ErrUnfinished}

// outOfTime reports whether what is left of the deadline is Config.Reserve.
func (d *Deliverer) outOfTime(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	deadline, ok := ctx.Deadline()
	return ok && deadline.Sub(d.Now()) < d.Reserve
}

// stop leaves a checkpoint at the first page that was not pushed, so that the
// events are not repeated to those before it. If that fails too they are: at
// least once is kept in any case.
func (f *fanout) stop(ctx context.Context, at ports.Cursor, cause error) error {
	first, last := f.events[0].Position, f.events[len(f.events)-1].Position
	if at == "" || first == "" { // nobody was reached, or the bus has no positions
		return cause
	}
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	err := f.deliverer.Store.SaveCheckpoint(ctx, f.topic, ports.Checkpoint{
		First: first, Last: last, Cursor: at, ExpiresAt: f.deliverer.Now().Add(checkpointLife),
	})
	return errors.Join(cause, err)
}

// resume finds out where a former delivery of the topic stopped. Begun is how
// many of the events, from the first on, had been pushed to everyone before the
// cursor. Events behind them are new.
func (d *Deliverer) resume(ctx context.Context, events []ports.Event) (begun int, cursor ports.Cursor, err error) {
	checkpoint, err := d.Store.LoadCheckpoint(ctx, events[0].Topic)
	if peer.Is(err, ports.ErrNotFound) {
		return 0, "", nil
	}
	if err != nil {
		return 0, "", err
	}
	for begun < len(events) && checkpoint.First <= events[begun].Position && events[begun].Position <= checkpoint.Last {
		begun++
	}
	return begun, checkpoint.Cursor, nil
}
