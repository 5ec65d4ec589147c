package callback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

// Heartbeats of subscriptions with about the same interval are sent together: they are
// of one class, whose subscriptions are found by its topics. In each period of a class
// one process sends those of a topic, whichever claims it in the store. A process that
// dies loses the heartbeats of one period, which no router notices: a period is at most
// two fifths of the interval.
const (
	classes = 8
	// firstPeriod is that of class 0; each class has twice that of the one before.
	firstPeriod = 500 * time.Millisecond
	// renewal is the period of the last class, of subscriptions without heartbeats. So
	// often the rows of the others are renewed too.
	renewal           = 5 * time.Minute
	withoutHeartbeats = classes - 1

	// leastHeartbeat is the shortest interval that has a class.
	leastHeartbeat = firstPeriod * 5 / 2

	// shards is how many topics a class has, so that many processes share its work.
	shards = 4
)

// classOf is the class of an interval.
func classOf(interval time.Duration) int {
	if interval == 0 {
		return withoutHeartbeats
	}
	class := 0
	for class+1 < withoutHeartbeats && periodOf(class+1) <= interval*2/5 {
		class++
	}
	return class
}

func periodOf(class int) time.Duration {
	if class == withoutHeartbeats {
		return renewal
	}
	return firstPeriod << class
}

// Run sends heartbeats until ctx ends, and returns nil then, once what is under way has
// ended. Every process that has the store and the time for it may call it, for all
// subscriptions, whatever process they came to: what one does the others leave.
func (c *Callbacks) Run(ctx context.Context, engine Engine, store ports.Store) error {
	if c.config.NoHeartbeats {
		<-ctx.Done()
		return nil
	}
	var running sync.WaitGroup
	for class := classOf(c.config.MinHeartbeat); class < classes; class++ {
		for shard := range shards {
			running.Go(func() { c.keepBeating(ctx, engine, store, class, shard) })
		}
	}
	running.Wait()
	return nil
}

func (c *Callbacks) keepBeating(ctx context.Context, engine Engine, store ports.Store, class, shard int) {
	period := periodOf(class)
	for ctx.Err() == nil {
		if err := c.beat(ctx, engine, store, class, shard); err != nil && ctx.Err() == nil {
			c.config.Logger.WarnContext(ctx, "sending heartbeats", slog.Any("error", err))
		}
		now := c.config.Now()
		select {
		case <-time.After(now.Truncate(period).Add(period).Sub(now)):
		case <-ctx.Done():
		}
	}
}

// Beat sends the heartbeats that are due, once: for programs with a clock of their own,
// such as a function that a queue calls. It is to be called five times in two
// intervals of a router, so every 2 s where these are 5 s. The error is the store's.
func (c *Callbacks) Beat(ctx context.Context, engine Engine, store ports.Store) error {
	errs := make([]error, classes*shards)
	var beating sync.WaitGroup
	for class := classOf(c.config.MinHeartbeat); class < classes; class++ {
		for shard := range shards {
			beating.Go(func() { errs[class*shards+shard] = c.beat(ctx, engine, store, class, shard) })
		}
	}
	beating.Wait()
	return errors.Join(errs...)
}

// beat sends the heartbeats of a topic for the present period, unless another process
// does.
func (c *Callbacks) beat(ctx context.Context, engine Engine, store ports.Store, class, shard int) error {
	period := periodOf(class)
	now := c.config.Now()
	begin := now.Truncate(period)
	err := store.CreateConnection(ctx, ports.Connection{
		Address:   ports.Address{ID: ports.ConnectionID(topicOf(class, shard)), Endpoint: fmt.Sprintf("%s %d", c.process, now.UnixNano())},
		ExpiresAt: begin.Add(period),
	})
	if errors.Is(err, ports.ErrConflict) {
		return nil
	}
	if err != nil {
		return err
	}
	renews := begin.Truncate(renewal).After(begin.Add(-period).Truncate(renewal))
	var checking sync.WaitGroup
	defer checking.Wait()
	for cursor := ports.Cursor(""); ; {
		page, err := store.ListSubscribers(ctx, topicOf(class, shard), ports.PageRequest{After: cursor})
		if err != nil {
			return err
		}
		for _, subscriber := range page.Subscribers {
			select {
			case c.slots <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			checking.Go(func() {
				defer func() { <-c.slots }()
				c.keep(ctx, engine, store, topicOf(class, shard), subscriber, renews)
			})
		}
		if page.Next == "" {
			return nil
		}
		cursor = page.Next
	}
}

// keep sends one heartbeat. What the router does not know any more is removed, and its
// row with it, which may be one that a crash has left.
func (c *Callbacks) keep(ctx context.Context, engine Engine, store ports.Store, topic ports.Topic, of ports.Subscriber, renews bool) {
	err := c.send(ctx, "callback.Check", of.Address, message{action: check})
	switch {
	case errors.Is(err, ports.ErrGone):
		if err = engine.Disconnect(ctx, ports.Disconnection{Address: of.Address}); err == nil {
			err = store.RemoveSubscribers(ctx, topic, []ports.OperationRef{of.Ref})
		}
	case err != nil: // the next one comes soon
		return
	case renews:
		err = engine.KeepAlive(ctx, of.Address)
	}
	if err != nil && ctx.Err() == nil {
		c.config.Logger.WarnContext(ctx, "keeping a subscription", slog.String("connection", string(of.Ref.Connection)), slog.Any("error", err))
	}
}
