package redis_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
)

// crashes are what a bus survives, whatever the server.
func crashes(t *testing.T, d dial) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, dial){
		"workers that die lose nothing":            dyingWorkers,
		"a suspended worker is fenced":             suspendedWorker,
		"an event that kills its workers is found": poisonedEvent,
		"workers share the partitions":             sharedPartitions,
		"a worker that ends hands over at once":    handOver,
		"lost answers lose and repeat nothing":     lostAnswers,
		"a stream that was deleted is made again":  deletedStream,
		"a lease that was lost ends its delivery":  deletedLease,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, d)
		})
	}
}

func TestBusSurvives(t *testing.T) {
	t.Parallel()
	crashes(t, miniredisDial(t))
}

// process is a worker with a line of its own. It dies when the line is cut and its
// deliveries come to nothing.
type process struct {
	line *line
	stop func()
	// died is a lease that it had when it died.
	died atomic.Pointer[redis.Lease]
}

// die cuts the line, in a delivery.
func (p *process) die(delivery context.Context) {
	lease, _ := redis.LeaseFrom(delivery)
	p.died.Store(&lease)
	p.line.cut.Store(true)
}

// launch starts a process that delivers with deliver.
func launch(t *testing.T, d dial, config redis.Config, deliver func(p *process) ports.DeliverFunc) *process {
	t.Helper()
	p := &process{line: d.connect(t)}
	p.stop = consuming(t, newBackend(p.line, config), deliver(p))
	return p
}

// dyingWorkers kills workers in the middle of batches, and starts others, while
// events are published.
func dyingWorkers(t *testing.T, d dial) {
	for _, workers := range []int{2, 5} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			config := sharing()
			config.MaxBatch = 7
			var delivered record
			var died atomic.Int64
			deliver := func(p *process) ports.DeliverFunc {
				return func(ctx context.Context, events []ports.Event) []error {
					if p.line.cut.Load() { // The dead tell nobody.
						return make([]error, len(events))
					}
					// Not more often, as where a slow machine makes batches small.
					if died.Load() < 6 && rand.IntN(20) == 0 || delivered.len() > 100 && died.Load() == 0 {
						died.Add(1)
						// It dies in the middle of the batch, or between it and its
						// acknowledgement.
						events = events[:rand.IntN(len(events)+1)]
						p.die(ctx)
					}
					return delivered.deliver(ctx, events)
				}
			}
			fleet := make([]*process, workers)
			for i := range fleet {
				fleet[i] = launch(t, d, config, deliver)
			}
			client := d.connect(t)
			bus := newBackend(client, config)
			var publishing sync.WaitGroup
			topics, want := number(8), number(40)
			for _, topic := range topics {
				publishing.Go(func() {
					for _, id := range want {
						if err := bus.Publish(t.Context(), events(ports.Topic(topic), id)...); err != nil {
							t.Error(err)
						}
					}
				})
			}
			eventually(t, "events are left", func() bool {
				for i, p := range fleet {
					if p.line.cut.Load() {
						p.stop()
						if worker := workerOf(t, client, config, *p.died.Load()); worker != "" {
							endLeasesOf(t, client, config, worker)
						}
						fleet[i] = launch(t, d, config, deliver)
					}
				}
				return delivered.len() >= len(topics)*len(want) && waiting(t, bus) == 0
			})
			publishing.Wait()
			drained(t, bus)
			for _, p := range fleet {
				p.stop()
			}
			for _, topic := range topics {
				if got := firsts(delivered.ids(ports.Topic(topic))); !slices.Equal(got, want) {
					t.Errorf("topic %s delivered %q, want %q", topic, got, want)
				}
			}
			t.Logf("%d workers died, %d events were repeated", died.Load(), delivered.len()-len(topics)*len(want))
		})
	}
}

// suspendedWorker cuts a worker off in the middle of a delivery, and connects it
// again when another has its partition.
func suspendedWorker(t *testing.T, d dial) {
	config, client := patient(), d.connect(t)
	leases := make(chan redis.Lease, 2)
	resumed, finish := make(chan struct{}), make(chan struct{})
	late := launch(t, d, config, func(*process) ports.DeliverFunc {
		return func(ctx context.Context, events []ports.Event) []error {
			lease, _ := redis.LeaseFrom(ctx)
			leases <- lease
			<-resumed
			return make([]error, len(events))
		}
	})
	bus := newBackend(client, config)
	publish(t, bus, "t", "1")
	first := <-leases
	late.line.cut.Store(true)
	endLeases(t, client, config)
	other := launch(t, d, config, func(*process) ports.DeliverFunc {
		return func(ctx context.Context, events []ports.Event) []error {
			lease, _ := redis.LeaseFrom(ctx)
			leases <- lease
			<-finish
			return make([]error, len(events))
		}
	})
	second := <-leases
	if first.Token == 0 || first.Bus != config.Prefix || second.Bus != first.Bus ||
		second.Partition != first.Partition || second.Token <= first.Token {
		t.Errorf("leases %+v and then %+v, want a greater token of the same partition of this bus", first, second)
	}
	late.line.cut.Store(false)
	close(resumed)
	late.stop()
	if n := waiting(t, bus); n != 1 {
		t.Errorf("%d events are left, want the one that the late worker had no right to settle", n)
	}
	close(finish)
	drained(t, bus)
	other.stop()
}

// poisonedEvent has an event end each process that delivers it, after deliveries
// that are no attempts.
func poisonedEvent(t *testing.T, d dial) {
	config, client := patient(), d.connect(t)
	config.MaxAttempts = 3
	letters := make(chan redis.DeadLetter, 10)
	config.OnDeadLetter = func(letter redis.DeadLetter) { letters <- letter }
	bus := newBackend(client, config)
	for _, id := range []string{"1", "2", "poison", "3", "4"} {
		publish(t, bus, ports.Topic("topic of "+id), id)
	}
	publish(t, bus, "topic of poison", "5")
	var delivered record
	deaths := 0
	dead := make(chan struct{}, 1)
	deliver := func(p *process) ports.DeliverFunc {
		unfinished := 0
		return func(ctx context.Context, list []ports.Event) []error {
			if slices.ContainsFunc(list, func(e ports.Event) bool { return e.ID == "poison" }) {
				if unfinished++; unfinished <= 5 {
					return slices.Repeat([]error{ports.ErrUnfinished}, len(list))
				}
				p.line.cut.Store(true)
				dead <- struct{}{}
				return make([]error, len(list))
			}
			return delivered.deliver(ctx, list)
		}
	}
	worker := launch(t, d, config, deliver)
	for done := false; !done; {
		select {
		case <-dead:
			deaths++
			worker.stop()
			endLeases(t, client, config)
			worker = launch(t, d, config, deliver)
		case letter := <-letters:
			done = true
			if letter.Event.ID != "poison" || letter.Attempts != deaths {
				t.Errorf("dead letter %+v after %d deaths, want the poison", letter, deaths)
			}
		}
	}
	drained(t, bus)
	worker.stop()
	if deaths != config.MaxAttempts+1 || len(letters) != 0 {
		t.Errorf("%d workers died and %d more dead letters, want %d and none", deaths, len(letters), config.MaxAttempts+1)
	}
	for _, id := range []string{"1", "2", "3", "4"} {
		if got := delivered.ids(ports.Topic("topic of " + id)); !slices.Equal(got, []string{id}) {
			t.Errorf("event %s was delivered as %q, want it once", id, got)
		}
	}
	if got := delivered.ids("topic of poison"); !slices.Equal(got, []string{"5"}) {
		t.Errorf("after the poison %q was delivered, want what was published", got)
	}
}

// holdings are how many partitions each worker has, as the keys of the leases have
// it.
func holdings(t *testing.T, client goredis.UniversalClient, config redis.Config) map[string]int {
	t.Helper()
	owners := make(map[string]int)
	for partition := range config.Partitions {
		if _, worker := leaseHolder(t, client, config, partition); worker != "" {
			owners[worker]++
		}
	}
	return owners
}

func sharedPartitions(t *testing.T, d dial) {
	config := sharing()
	config.Partitions = 8
	client := d.connect(t)
	expect := func(want ...int) {
		t.Helper()
		eventually(t, fmt.Sprintf("the partitions are not shared as %v", want), func() bool {
			var shares []int
			for _, n := range holdings(t, client, config) {
				shares = append(shares, n)
			}
			slices.Sort(shares)
			return slices.Equal(shares, want)
		})
	}
	deliver := func(*process) ports.DeliverFunc { return (&record{}).deliver }
	one := launch(t, d, config, deliver)
	expect(8)
	first := slices.Collect(maps.Keys(holdings(t, client, config)))[0]
	two := launch(t, d, config, deliver)
	expect(4, 4)
	three := launch(t, d, config, deliver)
	expect(2, 3, 3)
	two.stop()
	expect(4, 4)
	one.line.cut.Store(true)
	endLeasesOf(t, client, config, first)
	expect(8)
	one.stop()
	three.stop()
	expect()
}

// handOver ends a worker whose lease would outlast the test.
func handOver(t *testing.T, d dial) {
	config := quick()
	bus := newBackend(d.connect(t), config)
	for i := range 3 {
		publish(t, bus, "t", fmt.Sprint(i))
		var delivered record
		stop := consuming(t, bus, delivered.deliver)
		drained(t, bus)
		stop()
		if got := delivered.ids("t"); !slices.Equal(got, []string{fmt.Sprint(i)}) {
			t.Errorf("worker %d delivered %q", i, got)
		}
	}
}

// lostAnswers loses a third of the answers to scripts on a leased stream.
func lostAnswers(t *testing.T, d dial) {
	config := quick()
	config.Partitions, config.MaxBatch = 1, 3
	config.LeaseTTL = 2 * time.Second // so long a partition rests whose worker does not know that it has it
	bus := newBackend(d.connect(t), config)
	worker := d.connect(t)
	var mu sync.Mutex
	lost := 0
	worker.loses = func(command goredis.Cmder) bool {
		mu.Lock()
		defer mu.Unlock()
		arguments := command.Args()
		loses := len(arguments) > 4 && strings.HasSuffix(fmt.Sprint(arguments[4]), ":events") && lost < 30 && rand.IntN(3) == 0
		if loses {
			lost++
		}
		return loses
	}
	want := number(30)
	for _, id := range want {
		publish(t, bus, "t", id)
		publish(t, bus, "u", id)
	}
	var delivered record
	tokens := map[string]int64{} // by topic and ID; a lease that was lost may repeat its events
	stop := consuming(t, newBackend(worker, config), func(ctx context.Context, events []ports.Event) []error {
		lease, _ := redis.LeaseFrom(ctx)
		for _, event := range events {
			key := string(event.Topic) + event.ID
			if tokens[key] == lease.Token {
				t.Errorf("%s %s was delivered again under the same lease", event.Topic, event.ID)
			}
			tokens[key] = lease.Token
		}
		return delivered.deliver(ctx, events)
	})
	drained(t, bus)
	stop()
	for _, topic := range []ports.Topic{"t", "u"} {
		if got := firsts(delivered.ids(topic)); !slices.Equal(got, want) {
			t.Errorf("topic %s delivered %q, want them in order", topic, got)
		}
	}
	if lost == 0 {
		t.Error("no answer was lost, so nothing was shown")
	}
}

func deletedStream(t *testing.T, d dial) {
	config := quick()
	config.Partitions = 1
	client := d.connect(t)
	bus := newBackend(client, config)
	var delivered record
	stop := consuming(t, bus, delivered.deliver)
	defer stop()
	publish(t, bus, "t", "1")
	eventually(t, "nothing was delivered", func() bool { return len(delivered.ids("t")) == 1 })
	if err := client.Del(t.Context(), config.Prefix+"{b:0}:events").Err(); err != nil {
		t.Fatal(err)
	}
	publish(t, bus, "t", "2")
	eventually(t, "nothing more was delivered", func() bool { return len(delivered.ids("t")) == 2 })
}

// deletedLease ends a delivery by the first renewal that finds the lease gone, long
// before the worker would stop relying on it by itself.
func deletedLease(t *testing.T, d dial) {
	config := quick()
	config.Partitions, config.LeaseTTL = 1, time.Second
	client, worker := d.connect(t), d.connect(t)
	var deleted, renewals atomic.Int64
	worker.loses = func(command goredis.Cmder) bool {
		// A renewal has the lease's key alone, its value and the time. The first one is
		// sent as a whole besides.
		if arguments := command.Args(); command.Name() == "evalsha" && len(arguments) == 6 && strings.HasSuffix(fmt.Sprint(arguments[3]), ":lease") {
			renewals.Add(deleted.Load())
		}
		return false
	}
	publish(t, newBackend(client, config), "t", "1")
	ended := make(chan struct{})
	stop := consuming(t, newBackend(worker, config), each(func(ctx context.Context, _ ports.Event) error {
		if deleted.Load() > 0 {
			return nil // again, under the next lease
		}
		endLeases(t, client, config)
		deleted.Store(1)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	}))
	defer stop()
	<-ended
	if n := renewals.Load(); n > 1 {
		t.Errorf("the delivery ended after %d renewals, want 1", n)
	}
	drained(t, newBackend(client, config))
}
