package fanqllambda

import (
	"context"
	"sync"

	"github.com/fanql/fanql/ports"
)

// Work delivers what functions with the same configuration publish, until ctx ends:
// it is the process of the delivery Worker, a container say, and sets that delivery
// itself. Several share the work. When ctx ends, deliveries under way get the time
// that the backend has for that, and what they do not get to is the next worker's.
// FANQL_ORIGINS is of no use to it.
//
// The error is that of Handler, or the backend's.
func Work(ctx context.Context, config Config) error {
	config.Delivery = Worker
	f, err := newFunction(config)
	if err != nil {
		return err
	}
	source, _ := config.Backend.(ports.EventSource) // as newFunction has checked
	if f.metrics == nil {
		return source.Consume(ctx, f.engine.Deliver)
	}
	ended, end := context.WithCancel(context.WithoutCancel(ctx))
	var flushing sync.WaitGroup
	flushing.Go(func() { f.flushAll(ended) })
	defer flushing.Wait()
	defer end()
	return source.Consume(ctx, f.engine.Deliver)
}
