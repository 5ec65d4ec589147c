package memory

import (
	"context"
	"slices"
	"sync"

	"github.com/fanql/fanql/ports"
)

var _ ports.Unordered = (*Broadcast)(nil)

// Broadcast is an event bus without an engine: an event goes to whoever listens to
// its topic at that time. It is for resolvers that also run where no engine delivers
// to them, as gqlgen's do on gqlgen's own server and in its tests
// (core.WithListener). It may be used by many goroutines at once.
//
// Order: those of one topic as they were published. Repeats: none. An event that
// nobody listens to is gone. No engine lists subscribers here who could be behind: an
// EventCatchUp is ErrInvalid.
type Broadcast struct {
	mu        sync.Mutex
	position  uint64
	listeners map[*listener]struct{}
}

// listener is one call of Listen, with what has been published for it and was not
// received yet.
type listener struct {
	topics []ports.Topic
	queue  []ports.Event
	wake   chan struct{} // holds a token when there is something in the queue
}

// NewBroadcast returns a bus that nobody listens to.
func NewBroadcast() *Broadcast { return &Broadcast{listeners: map[*listener]struct{}{}} }

// Publish implements ports.EventBus. It does not wait for those who listen: what they
// have not received yet is kept for them, without a bound.
func (b *Broadcast) Publish(ctx context.Context, events ...ports.Event) error {
	const op = "Publish"
	if err := ended(ctx, op); err != nil {
		return err
	}
	if slices.ContainsFunc(events, func(event ports.Event) bool {
		return event.Topic == "" || event.Kind == ports.EventCatchUp
	}) {
		return failure(op, ports.ErrInvalid)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, event := range events {
		b.position++
		event.Position = position(b.position)
		for l := range b.listeners {
			if slices.Contains(l.topics, event.Topic) {
				l.queue = append(l.queue, event)
				l.signal()
			}
		}
	}
	return nil
}

// Listen returns the events that are published on the topics from now on. The
// channel is closed when the context ends.
func (b *Broadcast) Listen(ctx context.Context, topics ...ports.Topic) <-chan ports.Event {
	l := &listener{topics: topics, wake: make(chan struct{}, 1)}
	b.mu.Lock()
	b.listeners[l] = struct{}{}
	b.mu.Unlock()
	events := make(chan ports.Event)
	go func() {
		defer close(events)
		defer b.forget(l)
		for {
			select {
			case <-ctx.Done():
				return
			case <-l.wake:
			}
			for _, event := range b.take(l) {
				select {
				case <-ctx.Done():
					return
				case events <- event:
				}
			}
		}
	}()
	return events
}

func (b *Broadcast) take(l *listener) []ports.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := l.queue
	l.queue = nil
	return taken
}

func (b *Broadcast) forget(l *listener) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.listeners, l)
}

func (l *listener) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Unordered implements ports.Unordered.
func (*Broadcast) Unordered() {}
