package memory

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

var _ ports.Unordered = (*Direct)(nil)

// Direct delivers events inside Publish, in the process that publishes and
// whatever store it uses: for those who run nothing that consumes from a bus, such
// as a program of Lambda functions alone. It implements ports.EventBus and may be
// used by many goroutines at once.
//
// Order: the events of a topic are delivered as they stand in a call, and after
// those of each call that had returned. Calls at the same time, in this process or
// in another, have no order: two subscribers may see their events in different
// ones. Repeats: only after an error verdict, and before Publish returns.
// Positions compare as strings; between processes, as their clocks do.
//
// Calls have no order, so nobody can catch up: there is no history, and an
// EventCatchUp is ErrInvalid.
type Direct struct {
	deliver ports.DeliverFunc

	mu       sync.Mutex
	position uint64
}

// directAttempts is how often Direct delivers an event.
const directAttempts = 3

// NewDirect returns a bus that delivers with deliver, which is required. That may
// be the Deliver of an engine that is made with this bus: it is not called before
// Publish is.
func NewDirect(deliver ports.DeliverFunc) (*Direct, error) {
	if deliver == nil {
		return nil, invalid("NewDirect", "deliver is required")
	}
	return &Direct{deliver: deliver}, nil
}

// Publish implements ports.EventBus. It returns when every event is done with, and
// so takes as long as its delivery. An event with an error verdict is delivered
// again after a moment, 3 times in all, unless ctx ends before; then Publish
// returns the verdict's text, without a kind, and the event is gone.
func (d *Direct) Publish(ctx context.Context, events ...ports.Event) error {
	const op = "Publish"
	if err := ended(ctx, op); err != nil {
		return err
	}
	rest := make([]ports.Event, len(events))
	for i, event := range events {
		if event.Topic == "" || event.Kind == ports.EventCatchUp {
			return failure(op, ports.ErrInvalid)
		}
		event.Position = d.next()
		rest[i] = event
	}
	for attempt := 1; len(rest) > 0; attempt++ {
		var verdict error
		rest, verdict = failures(rest, d.deliver(ctx, rest))
		if verdict != nil && (attempt == directAttempts || !pause(ctx, jitter(attempt))) {
			// Only its text: its kind would say that nothing was taken.
			return &ports.Error{Op: "memory." + op, Err: errors.New(verdict.Error())}
		}
	}
	return nil
}

// failures returns the events that have to be delivered again, and the first of
// their verdicts.
func failures(events []ports.Event, verdicts []error) (again []ports.Event, first error) {
	for i, event := range events {
		verdict := errNoVerdict
		if i < len(verdicts) {
			verdict = verdicts[i]
		}
		if verdict != nil {
			again = append(again, event)
			if first == nil {
				first = verdict
			}
		}
	}
	return again, first
}

// next is a position after every other of this process.
func (d *Direct) next() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.position = max(d.position+1, uint64(time.Now().UnixNano()))
	return position(d.position)
}

// pause waits, and returns false when the context ended meanwhile.
func pause(ctx context.Context, delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Unordered implements ports.Unordered.
func (*Direct) Unordered() {}
