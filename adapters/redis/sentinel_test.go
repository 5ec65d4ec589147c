//go:build integration

package redis_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/internal/redislocal"
	"github.com/fanql/fanql/ports"
)

// TestSentinelFailover kills the primary under load, and says what that costs
// (go test -v): docs/fleet.md has the figures.
func TestSentinelFailover(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings []string
		// cutOff has the primary lose its replica two seconds before it dies, while
		// deliveries are held up.
		cutOff bool
	}{
		"a primary dies":                         {},
		"a primary without its replica dies":     {cutOff: true},
		"the same, with min-replicas-to-write 1": {cutOff: true, settings: []string{"--min-replicas-to-write", "1", "--min-replicas-max-lag", "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			servers, err := redislocal.StartSentinel(ctx, redislocal.Options{Settings: test.settings})
			if err != nil {
				t.Fatal(err)
			}
			defer servers.Stop()
			// The new primary has no replica, and is to go on without one.
			order(t, servers.Replica, "CONFIG", "SET", "min-replicas-to-write", "0")
			f := startFailover(t, servers.Client())
			f.after(t, 500*time.Millisecond)
			safe := replicated(t, servers.Primary)
			f.after(t, 500*time.Millisecond)
			if test.cutOff {
				close(f.held)
				order(t, servers.Primary, "ACL", "SETUSER", "default", "-psync", "-sync")
				order(t, servers.Primary, "CLIENT", "KILL", "TYPE", "replica")
				f.after(t, 2*time.Second)
			}
			servers.Primary.Kill()
			killed := time.Now()
			close(f.released)
			f.recovered(t, killed)
			f.after(t, time.Second)
			f.stop(t)
			lost := f.results(t, safe, killed)
			switch {
			case test.settings != nil && f.refusals() == 0:
				t.Error("the primary without its replica refused nothing")
			case test.cutOff && test.settings == nil && lost == 0:
				t.Error("nothing was lost: the replica was not cut off")
			}
		})
	}
}

// order has a server do something.
func order(t *testing.T, server *redislocal.Server, command ...any) {
	t.Helper()
	client := server.Client()
	defer client.Close()
	if err := client.Do(t.Context(), command...).Err(); err != nil {
		t.Fatal(err)
	}
}

// replicated is a time of which the replica has all that was acknowledged before.
func replicated(t *testing.T, primary *redislocal.Server) time.Time {
	t.Helper()
	client := primary.Client()
	defer client.Close()
	now := time.Now()
	key := rand.Text() // WAIT is for what its own connection has written
	pipe := client.Pipeline()
	pipe.Set(t.Context(), key, "", 0)
	reached := pipe.Do(t.Context(), "WAIT", 1, 0)
	if _, err := pipe.Exec(t.Context()); err != nil || fmt.Sprint(reached.Val()) != "1" {
		t.Fatalf("the replica has not caught up: %v, %v", reached.Val(), err)
	}
	return now
}

// attempt is one call and what came of it.
type attempt struct {
	id        string
	begun, at time.Time // at is when it had returned
	err       error
}

// failover is a bus and a store under load.
type failover struct {
	client goredis.UniversalClient
	bus    *redis.Backend
	store  *redis.Backend
	// While held is closed and released is not, deliveries wait.
	held, released chan struct{}
	delivered      record

	mu        sync.Mutex
	published map[ports.Topic][]attempt
	added     []attempt // operations, on the topic "added"

	quit, stopWorker func()
	load             sync.WaitGroup
}

const subscriptions ports.Topic = "added"

func startFailover(t *testing.T, client goredis.UniversalClient) *failover {
	t.Helper()
	prefix := rand.Text() + ":"
	f := &failover{
		client: client, published: map[ports.Topic][]attempt{},
		bus:   newBackend(client, redis.Config{Prefix: prefix}),
		store: newBackend(client, redis.Config{Prefix: prefix}),
		held:  make(chan struct{}), released: make(chan struct{}),
	}
	f.stopWorker = consuming(t, f.bus, f.deliver)
	ctx, quit := context.WithCancel(t.Context())
	f.quit = quit
	for _, topic := range []ports.Topic{"a", "b", "c"} {
		f.repeat(ctx, func(ctx context.Context, id string) error { return f.bus.Publish(ctx, events(topic, id)...) },
			func(a attempt) { f.published[topic] = append(f.published[topic], a) })
	}
	f.repeat(ctx, f.subscribe, func(a attempt) { f.added = append(f.added, a) })
	return f
}

// repeat does something every few milliseconds and keeps what came of it.
func (f *failover) repeat(ctx context.Context, do func(ctx context.Context, id string) error, keep func(attempt)) {
	f.load.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for n := 0; ; n++ {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			id := fmt.Sprintf("%06d", n)
			call, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			begun := time.Now()
			err := do(call, id)
			cancel()
			f.mu.Lock()
			keep(attempt{id, begun, time.Now(), err})
			f.mu.Unlock()
		}
	})
}

// subscribe puts a connection with an operation in place.
func (f *failover) subscribe(ctx context.Context, id string) error {
	address, expires := ports.Address{ID: ports.ConnectionID(id)}, time.Now().Add(time.Hour)
	if err := f.store.CreateConnection(ctx, ports.Connection{Address: address, ExpiresAt: expires}); err != nil {
		return err
	}
	return f.store.AddOperation(ctx, ports.Operation{
		Ref: ports.OperationRef{Connection: address.ID, ID: "1"}, Address: address,
		Topics: []ports.Topic{subscriptions}, ReceivedAt: time.Now(), ExpiresAt: expires,
	})
}

func (f *failover) deliver(ctx context.Context, events []ports.Event) []error {
	select {
	case <-f.held:
		<-f.released
	default:
	}
	return f.delivered.deliver(ctx, events)
}

// after lets the load go on for a while.
func (f *failover) after(t *testing.T, while time.Duration) {
	t.Helper()
	select {
	case <-time.After(while):
	case <-t.Context().Done():
	}
}

// recovered waits until events are taken and subscriptions are put in place again.
func (f *failover) recovered(t *testing.T, killed time.Time) {
	t.Helper()
	eventually(t, "there is no new primary", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		again := func(attempts []attempt) bool {
			return slices.ContainsFunc(attempts, func(a attempt) bool { return a.err == nil && a.at.After(killed) })
		}
		for _, attempts := range f.published {
			if !again(attempts) {
				return false
			}
		}
		return again(f.added)
	})
}

// stop ends the load, and returns when all that the bus has is delivered.
func (f *failover) stop(t *testing.T) {
	t.Helper()
	f.quit()
	f.load.Wait()
	drained(t, f.bus)
	f.stopWorker()
	t.Cleanup(func() { _ = f.client.Close() })
}

// refusals are the events that the bus refused without a doubt.
func (f *failover) refusals() int {
	n := 0
	for _, attempts := range f.published {
		for _, a := range attempts {
			if errors.Is(a.err, ports.ErrThrottled) {
				n++
			}
		}
	}
	return n
}

// results holds what was delivered against what was acknowledged: what is lost was
// acknowledged between safe and killed, and the rest came in order. It returns how
// many events are lost.
func (f *failover) results(t *testing.T, safe, killed time.Time) (lost int) {
	t.Helper()
	acknowledged, repeats := 0, 0
	var outage time.Duration
	for topic, attempts := range f.published {
		got := f.delivered.ids(topic)
		first := firsts(got)
		repeats += len(got) - len(first)
		if !slices.IsSorted(first) {
			t.Errorf("first deliveries of %s are out of order: %q", topic, first)
		}
		missing := lostOf(t, attempts, first, safe, killed)
		acknowledged, lost = acknowledged+acknowledgedOf(attempts), lost+missing
		outage = max(outage, outageOf(attempts, killed))
	}
	listed := f.listed(t)
	t.Logf("events: %d acknowledged, %d of them lost, %d repeats, %d refused; none taken for %v",
		acknowledged, lost, repeats, f.refusals(), outage.Round(10*time.Millisecond))
	t.Logf("subscriptions: %d acknowledged, %d of them lost",
		acknowledgedOf(f.added), lostOf(t, f.added, listed, safe, killed))
	return lost
}

func acknowledgedOf(attempts []attempt) int {
	n := 0
	for _, a := range attempts {
		if a.err == nil {
			n++
		}
	}
	return n
}

// lostOf counts what was acknowledged and is not there, and fails the test where
// that was before safe, or begun after killed.
func lostOf(t *testing.T, attempts []attempt, there []string, safe, killed time.Time) int {
	t.Helper()
	n := 0
	for _, a := range attempts {
		if a.err != nil || slices.Contains(there, a.id) {
			continue
		}
		n++
		if a.at.Before(safe) || a.begun.After(killed) {
			t.Errorf("%s is lost, which was begun %v after the death of the primary, and acknowledged %v after that", a.id, a.begun.Sub(killed), a.at.Sub(a.begun))
		}
	}
	return n
}

// outageOf is how long after the kill nothing was acknowledged.
func outageOf(attempts []attempt, killed time.Time) time.Duration {
	for _, a := range attempts {
		if a.err == nil && a.at.After(killed) {
			return a.at.Sub(killed)
		}
	}
	return 0
}

// listed are the connections in the listing of the subscriptions.
func (f *failover) listed(t *testing.T) []string {
	t.Helper()
	var ids []string
	var request ports.PageRequest
	for {
		page, err := f.store.ListSubscribers(t.Context(), subscriptions, request)
		if err != nil {
			t.Fatal(err)
		}
		for _, subscriber := range page.Subscribers {
			ids = append(ids, string(subscriber.Ref.Connection))
		}
		if request.After = page.Next; page.Next == "" {
			return ids
		}
	}
}
