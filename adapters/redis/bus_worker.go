package redis

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

// worker is one Consume: it leases its share of the partitions and delivers their
// events. Only the goroutine of Consume uses its fields.
type worker struct {
	bus     *Bus
	deliver ports.DeliverFunc
	id      string
	// now is what time it was by the server when the worker last joined, in
	// milliseconds.
	now int64
	// serving are the partitions that it has.
	serving map[int]*service
	// ended has the partitions that it had.
	ended chan int
}

// service is a partition that a worker has.
type service struct {
	stop context.CancelFunc
	// leaving is true once it is about to be given back.
	leaving bool
	wake    chan struct{}
}

// work has the worker have its share of the partitions until ctx ends. The error
// is that the client was closed.
func (w *worker) work(ctx context.Context, share int) error {
	messages := w.bus.client.Subscribe(ctx, w.bus.channel())
	defer func() { _ = messages.Close() }()
	woken := messages.Channel()
	ticker := time.NewTicker(w.bus.interval())
	defer ticker.Stop()
	var err error
	for ctx.Err() == nil {
		if err == nil {
			err = w.balance(ctx, share)
		}
		switch {
		case ctx.Err() != nil:
		case errors.Is(err, goredis.ErrClosed):
			return err
		case err != nil:
			w.bus.logFailure(ctx, "sharing partitions", err)
			if isClockWrong(err) {
				w.giveBack() // Every delivery would fail, and count.
			}
		}
		w.wait(ctx, ticker.C, woken)
		share, err = w.join(ctx)
	}
	return nil
}

// giveBack gives all partitions back.
func (w *worker) giveBack() {
	for _, s := range w.serving {
		s.leaving = true
		s.stop()
	}
}

// staying is how many partitions the worker is going to have.
func (w *worker) staying() int {
	n := 0
	for _, s := range w.serving {
		if !s.leaving {
			n++
		}
	}
	return n
}

// balance gives partitions back or leases more, until the worker has as many as
// it should.
func (w *worker) balance(ctx context.Context, share int) error {
	staying := w.staying()
	for _, s := range w.serving {
		if staying > share && !s.leaving {
			s.leaving = true
			s.stop()
			staying--
		}
	}
	// Workers that begin together don't all ask for the same ones.
	for _, partition := range rand.Perm(w.bus.config.Partitions) { //nolint:gosec // Spreading them needs no secrecy.
		if staying >= share {
			break
		}
		if w.serving[partition] != nil {
			continue
		}
		lease, err := w.bus.acquire(ctx, partition, w.id, w.now)
		if err != nil {
			return err
		}
		if lease != nil {
			w.serve(ctx, lease)
			staying++
		}
	}
	return nil
}

// serve delivers the events of a partition until the lease is lost or ctx ends,
// and gives the lease back.
func (w *worker) serve(ctx context.Context, l *lease) {
	stop, cancel := context.WithCancel(ctx)
	wake := make(chan struct{}, 1)
	w.serving[l.Partition] = &service{stop: cancel, wake: wake}
	go func() {
		defer func() { w.ended <- l.Partition }()
		held, let := l.hold(ctx)
		defer l.release(context.WithoutCancel(ctx))
		defer let()
		defer context.AfterFunc(held, cancel)()
		delivery, endIn, cut := ports.Drainable(held)
		defer cut()
		defer context.AfterFunc(stop, func() { endIn(w.bus.config.DrainTimeout) })()
		err := newPartition(l, w.deliver, wake).serve(delivery, stop)
		if err == nil {
			err = context.Cause(held)
		}
		if err != nil {
			w.bus.logFailure(ctx, "delivering events", err)
		}
	}()
}

// gone forgets a partition that was given back or lost.
func (w *worker) gone(partition int) {
	w.serving[partition].stop() // It may have ended by itself.
	delete(w.serving, partition)
}

// wake has a partition looked into, if it is this worker's.
func (w *worker) wake(partition string) {
	number, err := strconv.Atoi(partition)
	if s := w.serving[number]; s != nil && err == nil {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// wait returns when the worker should look after its share again.
func (w *worker) wait(ctx context.Context, tick <-chan time.Time, woken <-chan *goredis.Message) {
	for {
		select {
		case message, open := <-woken:
			if open {
				w.wake(message.Payload)
				continue
			}
			// The client was closed, as the next command finds out.
		case partition := <-w.ended:
			w.gone(partition)
		case <-tick:
		case <-ctx.Done():
		}
		return
	}
}

// join says that the worker lives, and returns how many partitions it should
// have: the shares of all workers add up to all partitions.
func (w *worker) join(ctx context.Context) (share int, err error) {
	if w.now, err = w.bus.clocks.time(ctx, w.bus.workers()); err != nil {
		return 0, err
	}
	answer, err := run(ctx, w.bus.client, call{
		script: w.bus.scripts.join, keys: []string{w.bus.workers()},
		args: []any{w.id, w.bus.config.LeaseTTL.Milliseconds(), w.now},
	})
	if err != nil {
		return 0, err
	}
	workers := replyTexts(answer)
	if len(workers) == 0 {
		return 0, errReply
	}
	slices.Sort(workers)
	share = w.bus.config.Partitions / len(workers)
	if slices.Index(workers, w.id) < w.bus.config.Partitions%len(workers) {
		share++
	}
	return share, nil
}

// leave has the others share without the worker from now on.
func (w *worker) leave(ctx context.Context) {
	if err := w.bus.client.ZRem(ctx, w.bus.workers(), w.id).Err(); err != nil {
		w.bus.logFailure(ctx, "leaving the other workers", err)
	}
}

// interval is how often a worker looks after its share, and how long it waits
// after a failure of Redis.
func (b *Bus) interval() time.Duration { return max(b.config.LeaseTTL/10, time.Millisecond) }

// logFailure logs a failure that the bus recovers from.
func (b *Bus) logFailure(ctx context.Context, doing string, err error) {
	b.config.Logger.WarnContext(ctx, "redis: "+doing, "error", err)
}
