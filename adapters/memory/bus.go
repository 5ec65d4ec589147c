package memory

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/fanql/fanql/ports"
)

var (
	_ ports.EventBus    = (*Bus)(nil)
	_ ports.EventSource = (*Bus)(nil)
)

// Bus queues events in memory until Consume has delivered them. It implements
// ports.EventBus and ports.EventSource and may be used by many goroutines at
// once.
//
// Order: the events of a topic are delivered as they were published, whoever
// published them, by however many Consume calls; a delivery is of one topic, and
// has what waits of it. Topics do not wait for each other. Repeats: an event is
// delivered again only after an error verdict. Positions have a fixed width, so
// that they compare as strings, over all topics.
//
// A topic without events takes no memory. Events that nobody consumes wait.
type Bus struct {
	config Config
	// dropped are the events that were given up.
	dropped atomic.Int64

	mu       sync.Mutex
	topics   map[ports.Topic]*queue
	ready    []*queue // may be delivered now
	delayed  timeline // of queues that wait after a failure
	queued   int      // events without a final verdict
	position uint64
	flushes  map[*flush]struct{}
	wake     chan struct{} // holds a token when a Consume should look again
}

// queue is the events of one topic. It is in exactly one place: ready, delayed,
// or with the goroutine that delivers it.
type queue struct {
	moment
	topic  ports.Topic
	events []ports.Event
	// attempts are those of the first events; the others have none.
	attempts []int
}

// flush waits for the events up to a position.
type flush struct {
	position string
	events   int
	done     chan struct{}
}

func newBus(config Config) *Bus {
	return &Bus{
		config:  config,
		topics:  make(map[ports.Topic]*queue),
		flushes: make(map[*flush]struct{}),
		wake:    make(chan struct{}, 1),
	}
}

// Publish implements ports.EventBus: it queues all of the events or none, and
// sets their positions. More events in one call than MaxQueued never fit.
func (b *Bus) Publish(ctx context.Context, events ...ports.Event) error {
	const op = "Publish"
	if err := ended(ctx, op); err != nil {
		return err
	}
	for _, event := range events {
		if event.Topic == "" {
			return failure(op, ports.ErrInvalid)
		}
		if b.config.MaxPayloadBytes > 0 && len(event.Payload) > b.config.MaxPayloadBytes {
			return failure(op, ports.ErrTooLarge)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(events) > b.config.MaxQueued-b.queued {
		return failure(op, ports.ErrThrottled)
	}
	b.queued += len(events)
	for _, event := range events {
		b.position++
		event.Position = position(b.position)
		q := b.topics[event.Topic]
		if q == nil {
			q = &queue{topic: event.Topic}
			b.topics[event.Topic] = q
			b.ready = append(b.ready, q)
		}
		q.events = append(q.events, event)
	}
	b.signal()
	return nil
}

// Flush returns when each event that was published before the call has had its
// final verdict: done with, or dropped. A Consume has to be running, or else
// Flush waits until its context ends, which is its only error.
func (b *Bus) Flush(ctx context.Context) error {
	b.mu.Lock()
	if b.queued == 0 {
		b.mu.Unlock()
		return nil
	}
	waiting := &flush{position: position(b.position), events: b.queued, done: make(chan struct{})}
	b.flushes[waiting] = struct{}{}
	b.mu.Unlock()
	select {
	case <-waiting.done:
		return nil
	case <-ctx.Done():
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.flushes, waiting)
		return ended(ctx, "Flush")
	}
}

// settled takes an event that has its final verdict off the books.
func (b *Bus) settled(event ports.Event) {
	b.queued--
	for waiting := range b.flushes {
		if event.Position > waiting.position {
			continue
		}
		if waiting.events--; waiting.events == 0 {
			close(waiting.done)
			delete(b.flushes, waiting)
		}
	}
}

// signal has one Consume look again. That one passes it on if more is there.
func (b *Bus) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func position(n uint64) string { return fmt.Sprintf("%016x", n) }
