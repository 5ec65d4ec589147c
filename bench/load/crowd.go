package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// subscription is what a client asks for.
type subscription struct {
	query string
	// own: every client has variables of its own, or, where the query has a %d, a
	// document of its own.
	own bool
	// resume is the positions that a client resumes after; empty, it asks where it
	// begins, and nil, neither.
	resume []string
	// topics is how many topics the clients are spread over, by a variable; 0 where the
	// schema has one.
	topics int
}

// remembered is how many events there is a count for: more than are ever in
// flight.
const remembered = 1 << 12

// crowd is all clients of a server, each with one subscription.
type crowd struct {
	server  *server
	dial    dialFunc
	clients []*client
	// topics is what clients and events are spread over by their numbers.
	topics int
	failed chan error
	// publishing has n events published, numbered from first.
	publishing func(first, n int) error

	// published is the number of the latest event, from 1.
	published int
	// missing counts the clients that an event has yet to reach; completed gets
	// its number when it has reached them all.
	missing   [remembered]atomic.Int64
	completed chan int
	// noting: latencies are kept.
	noting atomic.Bool

	over    atomic.Bool
	reading sync.WaitGroup // waits for over
}

// usually is how many clients connect at once where nothing else is measured.
const usually = 32

// newCrowd returns a crowd of so many clients, none of which has connected.
func newCrowd(s *server, connections, topics int, dial dialFunc) *crowd {
	return &crowd{
		server: s, publishing: s.publish, dial: dial, topics: topics, clients: make([]*client, connections),
		failed: make(chan error, 1), completed: make(chan int, remembered),
	}
}

// audience is how many clients an event is for.
func (c *crowd) audience() int { return len(c.clients) / c.topics }

// addressOf is where a client connects: each gateway has a share of each topic's.
func (c *crowd) addressOf(number int) string {
	return c.server.sockets[number/c.topics%len(c.server.sockets)]
}

// subscribe connects the clients and returns when an event of each topic reaches
// all that it is for.
func (c *crowd) subscribe(ctx context.Context, wanted subscription, atOnce int) error {
	if err := c.connect(ctx, wanted, atOnce); err != nil {
		return err
	}
	for patience := time.Second / 4; patience < time.Minute; patience *= 2 {
		err := c.publish(c.topics) // who subscribed too late for the one before gets this one
		if err == nil {
			err = c.awaitAll(ctx, patience)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	return errors.New("some clients get no events")
}

// connect connects the clients, so many at once.
func (c *crowd) connect(ctx context.Context, wanted subscription, atOnce int) error {
	var group sync.WaitGroup
	numbers, failures := make(chan int), make(chan error, atOnce)
	for range atOnce {
		group.Go(func() {
			for number := range numbers {
				client, err := c.dial(ctx, c, wanted, number)
				if err != nil {
					failures <- fmt.Errorf("connection %d: %w", number, err)
					return
				}
				c.clients[number] = client
			}
		})
	}
	err := deal(numbers, len(c.clients), failures)
	close(numbers)
	group.Wait()
	close(failures)
	if err == nil {
		err = <-failures // of those that came last
	}
	if err != nil {
		return err
	}
	return c.read()
}

// deal sends the numbers below n, until something fails.
func deal(numbers chan<- int, n int, failures <-chan error) error {
	for number := range n {
		select {
		case numbers <- number:
		case err := <-failures:
			return err
		}
	}
	return nil
}

func (c *crowd) close() {
	c.over.Store(true)
	c.reading.Wait()
	for _, client := range c.clients {
		if client != nil {
			_ = client.conn.Close()
		}
	}
}

// fail keeps the first failure of a client.
func (c *crowd) fail(err error) {
	select {
	case c.failed <- err:
	default:
	}
}

// publish has the server publish n events.
func (c *crowd) publish(n int) error {
	for i := range n {
		c.missing[(c.published+1+i)%remembered].Store(int64(c.audience()))
	}
	err := c.publishing(c.published+1, n)
	c.published += n
	return err
}

// reached is for clients: the event has reached one more of them.
func (c *crowd) reached(event int) {
	if c.missing[event%remembered].Add(-1) == 0 {
		c.completed <- event
	}
}

// awaitAll waits until the latest event of each topic has reached everybody.
func (c *crowd) awaitAll(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for due := c.topics; due > 0; {
		event, err := c.await(ctx)
		if err != nil {
			return err
		}
		if event > c.published-c.topics {
			due--
		}
	}
	return nil
}

// await waits until another event has reached everybody, and returns its number.
func (c *crowd) await(ctx context.Context) (int, error) {
	select {
	case event := <-c.completed:
		return event, nil
	case err := <-c.failed:
		return 0, err
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for an event to reach everybody: %w", ctx.Err())
	}
}

// flatOut keeps a number of events in flight for a while, and returns how many
// there were when the last has reached everybody.
func (c *crowd) flatOut(ctx context.Context, window int, duration time.Duration) (events int, err error) {
	first, flying := c.published, 0
	for end := time.Now().Add(duration); ; {
		if time.Now().Before(end) {
			if err := c.publish(window - flying); err != nil {
				return 0, err
			}
			flying = window
		}
		if flying == 0 {
			return c.published - first, nil
		}
		if _, err := c.await(ctx); err != nil {
			return 0, err
		}
		flying -= 1 + c.arrived()
	}
}

// arrived takes what is completed by now.
func (c *crowd) arrived() (n int) {
	for {
		select {
		case <-c.completed:
			n++
		default:
			return n
		}
	}
}

// steady publishes an event per interval and returns the latencies of all
// deliveries, sorted.
func (c *crowd) steady(ctx context.Context, interval, duration time.Duration) ([]time.Duration, error) {
	c.noting.Store(true)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for end := time.Now().Add(duration); time.Now().Before(end); {
		if err := c.publish(1); err != nil {
			return nil, err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err := c.awaitAll(ctx, 30*time.Second); err != nil {
		return nil, err
	}
	c.noting.Store(false)
	var all []time.Duration
	for _, client := range c.clients {
		all = append(all, client.latencies...)
	}
	slices.Sort(all)
	return all, nil
}

// payload is what the client of that number subscribes with.
func (s subscription) payload(number int) map[string]any {
	switch {
	case s.resume != nil:
		return map[string]any{"query": s.query, "extensions": map[string]any{"resume": s.resume}}
	case s.topics > 0:
		return map[string]any{"query": s.query, "variables": map[string]any{"topic": number % s.topics}}
	case !s.own:
		return map[string]any{"query": s.query}
	case strings.Contains(s.query, "%d"):
		return map[string]any{"query": strings.Replace(s.query, "%d", strconv.Itoa(number), 1)}
	}
	return map[string]any{"query": s.query, "variables": map[string]any{"suffix": strconv.Itoa(number)}}
}
