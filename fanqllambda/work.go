package fanqllambda

import (
	"context"
	"os"
	"sync"

	"github.com/fanql/fanql/ports"
)

// Work delivers what functions with the same configuration publish, until ctx ends:
// it is the process of the delivery Worker, a container say, and sets that delivery
// itself. Several share the work. When ctx ends, deliveries under way get the time
// that the backend has for that, and what they do not get to is the next worker's.
// It also sends the heartbeats of callbacks.
// FANQL_ORIGINS is of no use to it.
//
// Only Lambda has the credentials in the environment by itself. In a container of ECS or
// EKS set Config.Credentials, to those of its task or pod: Work takes no event where it
// could post to nobody.
//
// The error is that of Handler, ErrInvalid without credentials, or the backend's.
func Work(ctx context.Context, config Config) error {
	config.Delivery = Worker
	if config.Credentials == nil && os.Getenv(keyVariable) == "" {
		return &ports.Error{Op: "fanqllambda.Work", Kind: ports.ErrInvalid, Err: errNoWorkCredentials}
	}
	f, err := newFunction(config)
	if err != nil {
		return err
	}
	source, _ := config.Backend.(ports.EventSource) // as newFunction has checked
	ended, end := context.WithCancel(context.WithoutCancel(ctx))
	var beside sync.WaitGroup
	if f.metrics != nil {
		beside.Go(func() { f.flushAll(ended) })
	}
	if f.callbacks != nil {
		beside.Go(func() { _ = f.callbacks.Run(ended, f.engine, f.store) }) // it returns nil
	}
	defer beside.Wait()
	defer end()
	return source.Consume(ctx, f.engine.Deliver)
}
