package core

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// CodeMissed is the extension "code" of the error that ends a subscription whose
// client lacks events that no history has: it subscribes again, without resuming.
const CodeMissed = ports.CodeMissed

// PositionFrom returns the position of the event that is being delivered, for schemas
// that give clients cursors of their own: After takes it. It is opaque, and the same
// that clients find in the extensions of a result, as event.position. It reports
// false where no history keeps the event.
func PositionFrom(ctx context.Context) (position string, ok bool) {
	x := run.From(ctx)
	if x == nil || x.Position == "" {
		return "", false
	}
	return x.Position, true
}

// After begins the subscription after a position of PositionFrom, as if the client
// had resumed there: what came since is delivered first. It counts more than what the
// client says. A topic that keeps no history, or no longer has what came since, runs
// Initial, or ends the subscription with an error (CodeMissed). The error says that it is
// no position.
func After(position string) SubscribeOption {
	return func(s *run.Subscription) error {
		if s.Resume == nil {
			s.Resume = run.Resume{}
		}
		if err := s.Resume.Add(position); err != nil {
			return fmt.Errorf("core.After: the argument %w", err)
		}
		return nil
	}
}

var errRetention = errors.New("core.Keep: count and age must both be positive")

// checkRetention refuses what Keep cannot mean. The zero Retention is that of topics
// without a history.
func checkRetention(keep ports.Retention) error {
	if keep != (ports.Retention{}) && (keep.Count <= 0 || keep.Age < time.Millisecond) {
		return errRetention
	}
	return nil
}
