package memory

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

var errNoVerdict = errors.New("no verdict on the event")

// Consume implements ports.EventSource. Several calls share the topics between
// them. The context that deliver gets has the values of ctx and outlives it by
// DrainTimeout, so that a delivery under way can finish; an error verdict after
// that counts as no attempt, and neither does ErrUnfinished. An event without a verdict has failed. Consume
// never returns an error.
func (b *Bus) Consume(ctx context.Context, deliver ports.DeliverFunc) error {
	drain, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var deliveries sync.WaitGroup
	free := make(chan struct{}, b.config.Workers)
	for {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
		}
		q := b.next(ctx)
		if q == nil {
			break
		}
		deliveries.Go(func() {
			b.deliver(drain, q, deliver)
			<-free
		})
	}
	timeout := time.AfterFunc(b.config.DrainTimeout, cut)
	defer timeout.Stop()
	deliveries.Wait()
	return nil
}

// next waits for a topic that can be delivered and takes it out of ready; nil
// when the context has ended.
func (b *Bus) next(ctx context.Context) *queue {
	defer b.signal() // Whatever else is there is another call's, or the next one's.
	for {
		if ctx.Err() != nil {
			return nil
		}
		q, delay := b.take()
		if q != nil {
			return q
		}
		if !b.wait(ctx, delay) {
			return nil
		}
	}
}

// take returns the first topic in ready, or how long until a delayed one is due,
// which is negative when there is none.
func (b *Bus) take() (*queue, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delay := time.Duration(-1)
	for next := b.delayed.first(); next != nil; next = b.delayed.first() {
		if delay = time.Until(next.at); delay > 0 {
			break
		}
		b.delayed.remove(next)
		q, _ := next.owner.(*queue)
		b.ready = append(b.ready, q)
	}
	if len(b.ready) == 0 {
		return nil, delay
	}
	q := b.ready[0]
	b.ready[0] = nil
	if b.ready = b.ready[1:]; len(b.ready) == 0 {
		b.ready = nil
	}
	return q, 0
}

// wait returns true when it is time to look again, false when the context ended.
func (b *Bus) wait(ctx context.Context, delay time.Duration) bool {
	var due <-chan time.Time
	if delay >= 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-b.wake:
	case <-due:
	case <-ctx.Done():
		return false
	}
	return true
}

// final marks an event that needs no further delivery.
const final = -1

// deliver hands the events at the head of a topic over and settles them.
func (b *Bus) deliver(ctx context.Context, q *queue, deliver ports.DeliverFunc) {
	b.mu.Lock()
	size := min(len(q.events), b.config.MaxBatch)
	batch := q.events[:size:size]
	b.mu.Unlock()
	verdicts := deliver(ctx, batch)
	attempts := make([]int, size)
	copy(attempts, q.attempts)
	for i, event := range batch {
		verdict := errNoVerdict
		if i < len(verdicts) {
			verdict = verdicts[i]
		}
		attempts[i] = b.result(ctx, event, verdict, attempts[i])
	}
	var delay time.Duration
	if most := slices.Max(attempts); most != final {
		delay = b.config.Backoff(max(most, 1))
	}
	b.settle(q, batch, attempts, delay)
}

// result counts the attempt and says how many there were, or that it was the last.
func (b *Bus) result(ctx context.Context, event ports.Event, verdict error, attempts int) int {
	if verdict == nil {
		return final
	}
	if ctx.Err() == nil && !errors.Is(verdict, ports.ErrUnfinished) { // Else it was cut short.
		attempts++
	}
	if attempts < b.config.MaxAttempts {
		return attempts
	}
	b.dropped.Add(1)
	if b.config.OnDropped != nil {
		b.config.OnDropped(event, verdict)
	}
	return final
}

// settle keeps the events of a batch that have to be delivered again at the head
// of their topic, and puts the topic where it belongs now.
func (b *Bus) settle(q *queue, batch []ports.Event, attempts []int, delay time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var again []ports.Event
	q.attempts = nil
	for i, event := range batch {
		if attempts[i] == final {
			b.settled(event)
			continue
		}
		again = append(again, event)
		q.attempts = append(q.attempts, attempts[i])
	}
	q.events = q.events[len(batch):]
	switch {
	case again != nil:
		q.events = append(again, q.events...)
		b.delayed.add(&q.moment, time.Now().Add(delay), q)
	case len(q.events) == 0:
		delete(b.topics, q.topic)
	default:
		b.ready = append(b.ready, q)
	}
	b.signal()
}

// CountDeadLetters is how many events were given up. None of them is kept. The error is
// always nil.
func (b *Bus) CountDeadLetters(context.Context) (int, error) { return int(b.dropped.Load()), nil }
