package peer

import (
	"context"
	"sync"
)

// Broker hands what is published to a channel per subscriber: what a server
// does that executes every event for every subscriber.
type Broker[T any] struct {
	mu          sync.RWMutex
	subscribers map[chan T]subscriber[T]
}

type subscriber[T any] struct {
	gone   <-chan struct{}
	change func(T) T
}

// NewBroker returns a broker without subscribers.
func NewBroker[T any]() *Broker[T] { return &Broker[T]{subscribers: map[chan T]subscriber[T]{}} }

// Subscribe returns a channel that gets everything until ctx ends, each value as
// change, if not nil, makes it.
func (b *Broker[T]) Subscribe(ctx context.Context, change func(T) T) chan T {
	const buffered = 64
	values := make(chan T, buffered)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subscribers[values] = subscriber[T]{ctx.Done(), change}
	context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.subscribers, values)
		close(values)
	})
	return values
}

// Publish waits for the slow: nothing is lost.
func (b *Broker[T]) Publish(published ...T) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, value := range published {
		for values, to := range b.subscribers {
			mine := value
			if to.change != nil {
				mine = to.change(value)
			}
			select {
			case values <- mine:
			case <-to.gone:
			}
		}
	}
}
