//go:build e2e

package fleet

import (
	"context"
	"errors"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// topic is one that events are published on, by one goroutine at a time.
type topic struct {
	name string
	// handed is the latest event that Publish was called with, and acknowledged
	// the latest for which it has returned nil.
	handed, acknowledged atomic.Int64
}

// publishers is how many goroutines publish, each on topics of its own.
const publishers = 8

// publish publishes rounds of an event for each topic, rate events a second or, if
// that is 0, as fast as it can. It ends early, with what it has begun, when ctx does.
func (f *fleet) publish(ctx context.Context, t *testing.T, rounds, rate int) {
	t.Helper()
	backend, err := redis.New(redis.Config{Client: f.client})
	if err != nil {
		t.Fatal(err)
	}
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: backend})
	if err != nil {
		t.Fatal(err)
	}
	var publishing sync.WaitGroup
	for first := range publishers {
		publishing.Go(func() {
			began := time.Now()
			for round := range rounds {
				for i := first; i < len(f.topics); i += publishers {
					if rate > 0 {
						rest(ctx, time.Until(began.Add(time.Duration(round*len(f.topics)+i)*time.Second/time.Duration(rate))))
					}
					if ctx.Err() != nil {
						return
					}
					if err := f.topics[i].publish(context.WithoutCancel(ctx), publisher); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	publishing.Wait()
}

// publish publishes the topic's next event, again while the bus has no room.
func (t *topic) publish(ctx context.Context, publisher *core.Publisher) error {
	n := t.handed.Add(1)
	for {
		err := publisher.Publish(ctx, core.NewTopic[any](t.name).Event(event{N: int(n), At: strconv.FormatInt(time.Now().UnixNano(), 10)}))
		if !errors.Is(err, ports.ErrThrottled) {
			t.acknowledged.Store(n)
			return err
		}
		rest(ctx, 10*time.Millisecond)
	}
}

// keepPublishing publishes at a rate until the function that it returns is called.
func (f *fleet) keepPublishing(t *testing.T, rate int) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var publishing sync.WaitGroup
	publishing.Go(func() { f.publish(ctx, t, math.MaxInt32, rate) })
	stop = sync.OnceFunc(func() {
		cancel()
		publishing.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// rest waits, no longer than ctx lasts.
func rest(ctx context.Context, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
