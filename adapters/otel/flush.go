package otel

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// FlushConfig says what Flush flushes. Every other zero field stands for its
// documented default.
type FlushConfig struct {
	// Flush are to be called concurrently before each answer: the ForceFlush
	// methods of a TracerProvider and a MeterProvider. They must end with their
	// context.
	Flush []func(context.Context) error
	// Timeout is how long an answer waits for them at most. Default: 1 second.
	Timeout time.Duration
	// Logger receives flushes that failed. Default: silence.
	Logger *slog.Logger
}

// Flush wraps the handler of a Lambda function so that what it recorded has been
// exported before Lambda has the answer: afterwards the process may be frozen, and
// a batch that waits in it lost. The answer and the error are the handler's; a
// flush that fails or is late changes neither. What it did not get out waits for
// the next invocation, if there is one.
func Flush[In, Out any](handler func(context.Context, In) (Out, error), config FlushConfig) func(context.Context, In) (Out, error) {
	if config.Timeout == 0 {
		config.Timeout = time.Second
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	return func(ctx context.Context, in In) (Out, error) {
		defer config.flush(ctx) // also when the handler panics: that trace is worth most
		return handler(ctx, in)
	}
}

// flush returns when all is flushed, or the time is over.
func (c *FlushConfig) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	var flushing sync.WaitGroup
	for _, flush := range c.Flush {
		flushing.Go(func() {
			if err := flush(ctx); err != nil {
				c.Logger.WarnContext(ctx, "telemetry was not flushed", "error", err.Error())
			}
		})
	}
	done := make(chan struct{})
	go func() {
		flushing.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
