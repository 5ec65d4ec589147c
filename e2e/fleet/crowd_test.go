//go:build e2e

package fleet

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// crowd is all clients, spread evenly over topics and gateways.
type crowd struct {
	fleet   *fleet
	clients []*client
	failed  chan error    // the first failure
	opening chan struct{} // a slot for each of those that connect
}

// connect starts the clients, which end with the test, and returns when all
// subscriptions are in place.
func (f *fleet) connect(t *testing.T) *crowd {
	t.Helper()
	const atOnce = 64
	c := &crowd{fleet: f, failed: make(chan error, 1), opening: make(chan struct{}, atOnce)}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var living sync.WaitGroup
	for i := range f.size.clients {
		c.clients = append(c.clients, &client{
			crowd: c, topic: f.topics[i%len(f.topics)], slot: i / len(f.topics) % len(f.gateways),
		})
	}
	for _, one := range c.clients {
		living.Go(func() { one.live(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		for _, one := range c.clients {
			one.shut()
		}
		living.Wait()
	})
	c.awaitPlaces(t)
	return c
}

func (c *crowd) fail(err error) {
	select {
	case c.failed <- err:
	default:
	}
}

// awaitPlaces returns when every client has a subscription in place.
func (c *crowd) awaitPlaces(t *testing.T) {
	t.Helper()
	eventually(t, c, func() string {
		return missing(c.waiting(func(one *client) bool { return one.life.inPlace }), "clients are without a subscription")
	})
}

// balance returns when every client has one on the gateway that it prefers, as
// would be the case after a while. All gateways must run.
func (c *crowd) balance(t *testing.T) {
	t.Helper()
	eventually(t, c, func() string {
		return missing(c.waiting((*client).settled), "clients are not on the gateway that they prefer")
	})
}

// awaitEvents returns when every client has what was published until now.
func (c *crowd) awaitEvents(t *testing.T) {
	t.Helper()
	latest := make(map[*topic]int)
	for _, topic := range c.fleet.topics {
		latest[topic] = int(topic.acknowledged.Load())
	}
	eventually(t, c, func() string {
		return missing(c.waiting(func(one *client) bool { return one.life.reached(latest[one.topic]) }), "clients wait for events")
	})
}

// waiting counts the clients for which something does not hold.
func (c *crowd) waiting(holds func(*client) bool) (n int) {
	for _, one := range c.clients {
		one.mu.Lock()
		if !holds(one) {
			n++
		}
		one.mu.Unlock()
	}
	return n
}

func missing(n int, what string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", n, what)
}

// begin has all clients count anew.
func (c *crowd) begin() {
	for _, one := range c.clients {
		one.count(func(t *tally) { *t = tally{latencies: t.latencies[:0]} })
	}
}

// total is what some clients have counted; latencies and times are sorted.
func (c *crowd) total(wanted func(*client) bool) (sum tally) {
	for _, one := range c.clients {
		if !wanted(one) {
			continue
		}
		one.count(func(t *tally) {
			sum.deliveries += t.deliveries
			sum.repeats += t.repeats
			sum.asked += t.asked
			sum.latencies = append(sum.latencies, t.latencies...)
			sum.away = append(sum.away, t.away...)
			sum.missed = append(sum.missed, t.missed...)
		})
	}
	slices.Sort(sum.latencies)
	slices.Sort(sum.away)
	slices.Sort(sum.missed)
	return sum
}

func everybody(*client) bool { return true }

// percentile is of sorted values; zero where there are none.
func percentile[V int | time.Duration](sorted []V, percent int) (v V) {
	if len(sorted) > 0 {
		v = sorted[(len(sorted)-1)*percent/100]
	}
	return v
}
