package fanqllambda

import (
	"context"
	"log/slog"
	"time"
)

// flush writes the metrics of an invocation. A failure changes nothing for whoever waits
// for the answer.
func (f *function) flush(ctx context.Context) {
	if err := f.metrics.Flush(); err != nil {
		f.logger.WarnContext(ctx, "metrics were not written", slog.Any("error", err))
	}
}

// flushEvery is how often a process that stays writes its metrics: CloudWatch keeps them
// by the minute.
const flushEvery = time.Minute

// flushAll writes the metrics until ctx ends, and then the last ones.
func (f *function) flushAll(ctx context.Context) {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			f.flush(ctx)
		case <-ctx.Done():
			f.flush(ctx)
			return
		}
	}
}
