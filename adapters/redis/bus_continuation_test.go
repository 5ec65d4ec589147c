package redis_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

const (
	crowdSize = 8
	crowdPage = 3
	// crowdPages is in how many pages all are listed.
	crowdPages = (crowdSize + crowdPage - 1) / crowdPage
)

// crowd is an engine on a Redis store, with subscribers of the topic "count". It is
// its own pusher, and each push takes a second of its clock.
type crowd struct {
	*core.Engine
	t     testing.TB
	store *redis.Backend
	// onPush, unless nil, is called in every push.
	onPush func(ctx context.Context, pushes int)

	mu      sync.Mutex
	now     time.Time
	pushes  int
	numbers map[ports.ConnectionID][]int
}

func newCrowd(t *testing.T, client goredis.UniversalClient, bus *redis.Backend, reserve time.Duration) *crowd {
	t.Helper()
	store := newBackend(client, redis.Config{Prefix: rand.Text() + ":"})
	c := &crowd{t: t, store: store, now: time.Now()}
	engine, err := core.New(core.Config{
		Schema: countSchema(t), Store: store, Bus: bus, Pusher: c,
		Now: c.clock, PageSize: crowdPage, PushConcurrency: 1, Reserve: reserve,
	})
	success(t, err)
	c.Engine = engine
	for i := range crowdSize {
		address := ports.Address{ID: ports.ConnectionID(fmt.Sprint("client ", i)), Endpoint: "here"}
		_, err := engine.Connect(t.Context(), ports.Handshake{Address: address, Protocols: []string{"graphql-transport-ws"}})
		success(t, err)
		for n, message := range []string{
			`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":"subscription { count }"}}`,
		} {
			success(t, engine.Receive(t.Context(), ports.Message{
				Address: address, RequestID: fmt.Sprint(n), ReceivedAt: c.clock(), Data: []byte(message),
			}))
		}
	}
	c.pushes, c.numbers = 0, map[ports.ConnectionID][]int{} // without the initial results
	return c
}

func (c *crowd) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// pass lets time pass.
func (c *crowd) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Push implements ports.Pusher.
func (c *crowd) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	var message struct {
		Type    string
		Payload struct{ Data struct{ Count int } }
	}
	if err := json.Unmarshal(frame.AppendTo(nil), &message); err != nil {
		return err
	}
	c.mu.Lock()
	c.pushes++
	pushes := c.pushes
	c.now = c.now.Add(time.Second)
	if message.Type == "next" && c.numbers != nil {
		c.numbers[to.ID] = append(c.numbers[to.ID], message.Payload.Data.Count)
	} else if c.numbers != nil {
		c.t.Errorf("%s was sent %q", to.ID, message.Type)
	}
	c.mu.Unlock()
	if c.onPush != nil {
		c.onPush(ctx, pushes)
	}
	return ctx.Err()
}

// Close implements ports.Pusher.
func (c *crowd) Close(_ context.Context, to ports.Address, code int, reason string) error {
	c.t.Errorf("%s was closed with %d %s", to.ID, code, reason)
	return nil
}

func (c *crowd) publish(numbers ...int) {
	for _, number := range numbers {
		if err := c.Publish(c.t.Context(), core.NewTopic[any]("count").Event(number)); err != nil {
			c.t.Error(err)
		}
	}
}

// toldOnce reports clients that were not sent just these numbers, in this order.
func (c *crowd) toldOnce(want ...int) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.numbers) != crowdSize {
		c.t.Errorf("%d clients received something, want all %d", len(c.numbers), crowdSize)
	}
	for id, got := range c.numbers {
		if !slices.Equal(got, want) {
			c.t.Errorf("%s received %v, want %v", id, got, want)
		}
	}
}

// strict is a configuration under which an attempt that counts loses its event.
func strict(t *testing.T) redis.Config {
	config := quick()
	config.Partitions, config.MaxBatch, config.MaxAttempts = 1, 3, 1
	config.OnDeadLetter = func(letter redis.DeadLetter) {
		t.Errorf("%s was given up: %s", letter.Event.Payload, letter.Cause)
	}
	return config
}

// invocation is a context whose deadline is by the crowd's clock.
type invocation struct {
	context.Context //nolint:containedctx // It is one.
	deadline        time.Time
}

func (i invocation) Deadline() (time.Time, bool) { return i.deadline, true }

// fanouts are cut wherever they can be, whatever the server.
func fanouts(t *testing.T, client goredis.UniversalClient) {
	t.Helper()
	for pushes := range 3*crowdSize + 2 {
		for _, another := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d pushes a delivery, each by another worker: %t", pushes, another), func(t *testing.T) {
				cutFanout(t, client, pushes, another)
			})
		}
	}
}

// cutFanout gives every delivery time for so many pushes before the reserve is
// touched. What the bus hands over again is delivered to the others only, in
// order, although more is published meanwhile; and it counts as no attempt.
func cutFanout(t *testing.T, client goredis.UniversalClient, pushes int, anotherWorker bool) {
	bus := newBackend(client, strict(t))
	c := newCrowd(t, client, bus, time.Second)
	c.publish(1, 2)
	deliveries := 0
	var stop context.CancelFunc
	deliver := func(ctx context.Context, events []ports.Event) []error {
		if deliveries++; deliveries == 1 {
			c.publish(3, 4)
		}
		ctx = invocation{ctx, c.clock().Add(time.Duration(pushes)*time.Second + time.Second)}
		verdicts := c.Deliver(ctx, events)
		if deliveries > 1000 {
			t.Error("the delivery does not end")
		}
		if anotherWorker || t.Failed() || waiting(t, bus) == len(events) && verdicts[0] == nil {
			stop()
		}
		return verdicts
	}
	for waiting(t, bus) > 0 && !t.Failed() {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		stop = cancel
		success(t, bus.Consume(ctx, deliver))
		cancel()
	}
	c.toldOnce(1, 2, 3, 4)
	if most := 8 * crowdPages; deliveries > most { // half of it, but for those that a busy machine cuts early
		t.Errorf("it took %d deliveries for four events and %d pages: one got no further", deliveries, crowdPages)
	}
}

func TestDeliveryGoesOnBehindTheRedisBus(t *testing.T) {
	t.Parallel()
	fanouts(t, miniredisDial(t).connect(t))
}

// drains are workers that are asked to end in every push of a fan-out. They hand
// over at the end of a page what they cannot finish in time.
func drains(t *testing.T, client goredis.UniversalClient) {
	t.Helper()
	for stopAt := 1; stopAt <= 2*crowdSize; stopAt++ {
		t.Run(fmt.Sprint("in push ", stopAt), func(t *testing.T) {
			config := strict(t)
			config.DrainTimeout = time.Hour
			bus := newBackend(client, config)
			c := newCrowd(t, client, bus, time.Second)
			c.publish(1, 2)
			ctx, stop := context.WithTimeout(t.Context(), patience)
			c.onPush = func(ctx context.Context, pushes int) {
				if pushes == stopAt {
					stop()
					eventually(t, "the delivery has no deadline", func() bool {
						_, ok := ctx.Deadline()
						return ok
					})
					c.pass(config.DrainTimeout * 2 / 3) // there is less for another page than this one takes
				}
			}
			success(t, bus.Consume(ctx, c.Deliver))
			if page := 2 * crowdPage; c.pushes != min((stopAt+page-1)/page*page, 2*crowdSize) {
				t.Errorf("the worker made %d pushes, want those of the page", c.pushes)
			}
			end := consuming(t, bus, c.Deliver)
			drained(t, bus)
			end()
			c.toldOnce(1, 2)
		})
	}
}

func TestWorkerFinishesOrHandsBack(t *testing.T) {
	t.Parallel()
	drains(t, miniredisDial(t).connect(t))
}

// A page that cannot be finished by the end of DrainTimeout is repeated, but not those
// before it, nobody's subscription ends, and nobody is left out.
func TestWorkerThatIsCutShortForgetsNobody(t *testing.T) {
	t.Parallel()
	client := miniredisDial(t).connect(t)
	config := strict(t)
	config.DrainTimeout = time.Hour
	bus := newBackend(client, config)
	c := newCrowd(t, client, bus, time.Second)
	c.publish(1, 2)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	c.onPush = func(ctx context.Context, pushes int) {
		if pushes == 2*crowdPage+1 {
			c.pass(config.DrainTimeout) // so that no time is left as soon as there is a deadline
			stop()
			<-ctx.Done()
		}
	}
	success(t, bus.Consume(ctx, c.Deliver))
	first := c.numbers
	c.numbers = map[ports.ConnectionID][]int{}
	end := consuming(t, bus, c.Deliver)
	drained(t, bus)
	end()
	for id, got := range first {
		if slices.Equal(got, []int{1, 2}) { // its page was done
			c.numbers[id] = append(got, c.numbers[id]...)
		}
	}
	c.toldOnce(1, 2)
}

// A worker that is late does not know it before its pushes come to nothing, and must
// not note that they got anywhere.
func TestLateWorkerLeavesNoCheckpoint(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here, there := f.start("here"), f.start("there")
	to, _ := here.dial("1")
	c := newCrowd(t, here.client, newBackend(here.client, redis.Config{}), time.Hour)
	list := events("count", "1")
	list[0].Position = "1"
	deliver := func(lease redis.Lease) error {
		c.onPush = func(ctx context.Context, _ int) {
			if err := there.Push(ctx, to, text("x")); err != nil {
				t.Error(err)
			}
		}
		onePage := c.clock().Add(2 * crowdPage * time.Second) // and as much in reserve
		return c.Deliver(invocation{redis.WithLease(t.Context(), lease), onePage}, list)[0]
	}
	late, now := redis.Lease{Bus: "a:", Token: 7}, redis.Lease{Bus: "a:", Token: 8}
	refused(t, deliver(now), ports.ErrUnfinished)
	checkpoint, err := c.store.LoadCheckpoint(t.Context(), "count")
	success(t, err)
	refused(t, deliver(late), context.Canceled) // and not ErrUnfinished
	after, err := c.store.LoadCheckpoint(t.Context(), "count")
	if success(t, err); after != checkpoint {
		t.Errorf("the checkpoint is %+v, want that of the worker that was not late, %+v", after, checkpoint)
	}
}
