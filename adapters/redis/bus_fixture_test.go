package redis_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
)

// dial makes a client of the server that a test runs on.
type dial func() goredis.UniversalClient

// miniredisDial starts a server inside the test. Its keys expire as time passes,
// which they otherwise don't.
func miniredisDial(t *testing.T) dial {
	t.Helper()
	server := miniredis.RunT(t)
	ended := make(chan struct{})
	var passing sync.WaitGroup
	passing.Go(func() {
		last := time.Now()
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case now := <-ticker.C:
				server.FastForward(now.Sub(last))
				last = now
			}
		}
	})
	t.Cleanup(func() {
		close(ended)
		passing.Wait()
	})
	return func() goredis.UniversalClient {
		return goredis.NewClient(&goredis.Options{Addr: server.Addr(), ReadTimeout: patience})
	}
}

var (
	errDead = errors.New("the process is dead")
	errLost = errors.New("the answer was lost")
	errDown = errors.New("down")
)

// line is the connection between a process and Redis.
type line struct {
	goredis.UniversalClient
	// cut has nothing pass.
	cut atomic.Bool
	// loses picks commands whose answers are lost. It is set before the first.
	loses func(command goredis.Cmder) bool
	// commands counts what was sent.
	commands atomic.Int64
}

// connect returns a client whose line a test can break.
func (d dial) connect(t *testing.T) *line {
	t.Helper()
	l := &line{UniversalClient: d()}
	l.AddHook(l)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func (l *line) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (l *line) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, command goredis.Cmder) error {
		if l.cut.Load() {
			command.SetErr(errDead)
			return errDead
		}
		if command.Name() != "hello" { // which begins a connection
			l.commands.Add(1)
		}
		err := next(ctx, command)
		if l.loses != nil && l.loses(command) {
			command.SetErr(errLost)
			return errLost
		}
		return err
	}
}

func (l *line) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

// patient is a configuration of one partition whose worker waits for nothing when it
// ends.
func patient() redis.Config {
	config := quick()
	config.Partitions, config.DrainTimeout = 1, time.Millisecond
	return config
}

// sharing is a configuration under which workers look after their shares twice a
// second. A worker that lives keeps its leases for as long as the machine lets it renew
// them every second and a half; one that dies loses them by endLeasesOf, and its end waits for nothing.
func sharing() redis.Config {
	config := quick()
	config.LeaseTTL, config.DrainTimeout = 5*time.Second, time.Millisecond
	return config
}

// endLeases has the workers of a bus be taken for dead, as the time does.
func endLeases(t *testing.T, client goredis.UniversalClient, config redis.Config) {
	t.Helper()
	keys := []string{config.Prefix + "{b:all}:workers"}
	for partition := range config.Partitions {
		keys = append(keys, fmt.Sprintf("%s{b:%d}:lease", config.Prefix, partition))
	}
	for _, key := range keys { // which are in several slots
		if err := client.Del(t.Context(), key).Err(); err != nil {
			t.Error(err)
		}
	}
}

// workerOf is the ID of the worker that has a lease; "" if it has it no more.
func workerOf(t *testing.T, client goredis.UniversalClient, config redis.Config, lease redis.Lease) string {
	t.Helper()
	token, worker := leaseHolder(t, client, config, lease.Partition)
	if token != fmt.Sprint(lease.Token) {
		return ""
	}
	return worker
}

// leaseHolder is who has a partition, and by which token.
func leaseHolder(t *testing.T, client goredis.UniversalClient, config redis.Config, partition int) (token, worker string) {
	t.Helper()
	value, err := client.Get(t.Context(), fmt.Sprintf("%s{b:%d}:lease", config.Prefix, partition)).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		t.Fatal(err)
	}
	token, worker, _ = strings.Cut(value, " ")
	return token, worker
}

// endLeasesOf has one worker be taken for dead, as the time does.
func endLeasesOf(t *testing.T, client goredis.UniversalClient, config redis.Config, worker string) {
	t.Helper()
	if err := client.ZRem(t.Context(), config.Prefix+"{b:all}:workers", worker).Err(); err != nil {
		t.Error(err)
	}
	for partition := range config.Partitions {
		if _, holder := leaseHolder(t, client, config, partition); holder != worker {
			continue
		}
		if err := client.Del(t.Context(), fmt.Sprintf("%s{b:%d}:lease", config.Prefix, partition)).Err(); err != nil {
			t.Error(err)
		}
	}
}

// quick is a configuration under which everything happens soon, but leases outlast
// the test: a worker loses one only by endLeases and endLeasesOf, however slow the machine is.
func quick() redis.Config {
	return redis.Config{
		Prefix: rand.Text() + ":", Partitions: 4, LeaseTTL: time.Hour, PollInterval: time.Millisecond,
		Backoff: func(int) time.Duration { return time.Millisecond },
	}
}

func publish(t *testing.T, bus *redis.Backend, topic ports.Topic, ids ...string) {
	t.Helper()
	if err := bus.Publish(t.Context(), events(topic, ids...)...); err != nil {
		t.Fatal(err)
	}
}

func events(topic ports.Topic, ids ...string) []ports.Event {
	list := make([]ports.Event, len(ids))
	for i, id := range ids {
		list[i] = ports.Event{ID: id, Topic: topic, Kind: ports.EventData, Payload: []byte(`{}`), Time: time.UnixMilli(1)}
	}
	return list
}

// consuming runs a worker until the function it returns is called.
func consuming(t *testing.T, bus *redis.Backend, deliver ports.DeliverFunc) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- bus.Consume(ctx, deliver) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Consume: %v", err)
		}
	})
}

// each delivers one event after the other.
func each(deliver func(ctx context.Context, event ports.Event) error) ports.DeliverFunc {
	return func(ctx context.Context, events []ports.Event) []error {
		verdicts := make([]error, len(events))
		for i, event := range events {
			verdicts[i] = deliver(ctx, event)
		}
		return verdicts
	}
}

// record is what was delivered.
type record struct {
	mu     sync.Mutex
	events []ports.Event
}

func (r *record) deliver(_ context.Context, events []ports.Event) []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, events...)
	return make([]error, len(events))
}

// ids are those of a topic's events, in the order of their deliveries.
func (r *record) ids(topic ports.Topic) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for _, event := range r.events {
		if event.Topic == topic {
			ids = append(ids, event.ID)
		}
	}
	return ids
}

func (r *record) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.events)
}

// firsts leaves out what was there before.
func firsts(ids []string) []string {
	var list []string
	for _, id := range ids {
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// eventually waits for something that other processes bring about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("after %v: %s", patience, what)
		}
	}
}

// waiting is how many events the bus has.
func waiting(t *testing.T, bus *redis.Backend) int {
	t.Helper()
	lags, err := bus.Lag(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, lag := range lags {
		total += lag.Events
	}
	return total
}

// drained waits until the bus has no more events.
func drained(t *testing.T, bus *redis.Backend) {
	t.Helper()
	eventually(t, "events are left", func() bool { return waiting(t, bus) == 0 })
}

// number returns 0 to n-1 as IDs of one width.
func number(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%03d", i)
	}
	return ids
}
