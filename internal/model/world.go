package model

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

// world is one history.
type world struct {
	t       *testing.T
	seed    uint64
	name    string
	options Options
	now     func() time.Time
	backend Backend
	faults  *portfault.Faults
	schema  *graphqlgo.Schema
	shape   shape
	sockets sockets
	truth   truth

	// actions counts what clients and publishers did.
	actions atomic.Int64
	// deliveries counts those that were begun.
	deliveries atomic.Int64

	mu sync.Mutex
	// slots are the processes by the place they run at.
	slots   map[string]*process
	clients []*client
	events  []*event
	lastTick,
	received int64
	problems, trace []string
	// chains counts the resumed operations that were checked with what they resumed.
	chains int
}

// shape is what a seed decides about a history as a whole.
type shape struct {
	clients, publishers, consumers, topics, pageSize int
	// deadline bounds every delivery, as a Lambda's does; none when 0.
	deadline time.Duration
	// last is how the history ends: with a last event on each topic and every
	// client's disconnect, or with all clients gone and time passing.
	last bool
	// keep is how many events the topics keep; 0 where they have no history.
	keep int
	// outages are how often a transport is away for a while.
	outages int
	// together: the transport takes the frames of many connections in one call.
	together bool
}

// pushAttempts is how often an engine tries to push, and to close.
const pushAttempts = 4

// process is an engine with its ports.
type process struct {
	*portfault.Process
	engine *core.Engine
}

// event is what was published, or tried to be.
type event struct {
	number   int
	topic    int
	end      bool // it ends the subscriptions
	begun    int64
	returned int64 // 0 unless it was acknowledged
	// place is that in its call.
	place int
}

func newWorld(t *testing.T, seed uint64, options Options, now func() time.Time) *world {
	random := source(seed, "shape")
	rates := options.Rates
	if rates == nil {
		rates = someRates(random)
	}
	w := &world{
		t: t, seed: seed, name: fmt.Sprint(seed), options: options, now: now,
		faults: portfault.New(portfault.Config{Seed: seed, Rates: rates}),
		slots:  map[string]*process{},
		shape: shape{
			clients: 1 + random.IntN(4), publishers: 1 + random.IntN(2), consumers: 1 + random.IntN(2),
			topics: 1 + random.IntN(3), pageSize: random.IntN(4), last: random.IntN(2) == 0,
			keep: []int{0, 2, 1000, 1000}[random.IntN(4)], outages: max(0, random.IntN(5)-1),
		},
	}
	if options.Rates != nil {
		w.shape.outages = 0 // those faults, and nothing else
	}
	if random.IntN(3) == 0 {
		w.shape.deadline = 200*time.Millisecond + time.Duration(random.IntN(1000))*time.Millisecond
	}
	w.shape.together = random.IntN(2) == 0
	w.sockets = sockets{world: w, open: map[ports.ConnectionID]*socket{}, away: map[ports.ConnectionID]time.Time{}}
	w.truth = newTruth(w)
	w.schema = newSchema(t, w)
	w.note("the rates of faults are %v, the history is %+v", rates, w.shape)
	return w
}

// source is a source of randomness of one part of a history: so what one part
// draws does not depend on what another one did before.
func source(seed uint64, part string) *rand.Rand {
	var key [32]byte
	copy(key[:], fmt.Sprintf("%020d%s", seed, part))
	return rand.New(rand.NewChaCha8(key)) //nolint:gosec // A test that can be repeated.
}

// someRates has about half of the kinds of fault, so that each is met without
// the others as well.
func someRates(random *rand.Rand) map[portfault.Kind]float64 {
	rates := map[portfault.Kind]float64{}
	for _, kind := range portfault.Kinds() {
		rate := []float64{0, 0, 0, 0.01, 0.03, 0.1}[random.IntN(6)]
		if kind == portfault.Crash {
			rate /= 5
		}
		rates[kind] = rate
	}
	return rates
}

// tick is the next moment, of all that is noted. Two things that happened one
// after the other have ticks in that order.
func (w *world) tick() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastTick++
	return w.lastTick
}

func (w *world) note(format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trace = append(w.trace, fmt.Sprintf("%5d %s %s", w.lastTick, w.now().Format("05.000"), text))
}

func (w *world) violated(format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	w.note("VIOLATION: %s", text)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, text)
}

// receivedAt is a time that no other message has.
func (w *world) receivedAt() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.received++
	return w.now().Add(time.Duration(w.received) * time.Microsecond)
}

// at is the process that runs at a place, a new one where the last has crashed.
func (w *world) at(slot string) *process {
	w.mu.Lock()
	running := w.slots[slot]
	w.mu.Unlock()
	if running != nil && !running.dead() {
		return running
	}
	started := w.process()
	w.mu.Lock()
	defer w.mu.Unlock()
	if current := w.slots[slot]; current != nil && current != running {
		return current // another goroutine was faster
	}
	w.slots[slot] = started
	return started
}

func (p *process) dead() bool { return dead(p.Process) }

func dead(p *portfault.Process) bool {
	select {
	case <-p.Crashed():
		return true
	default:
		return false
	}
}

// process starts a process.
func (w *world) process() *process {
	p := &process{Process: w.faults.Process()}
	store := p.Store(&tappedStore{w.backend.Store(p.Process), &w.truth})
	config := core.Config{
		Schema: w.schema, Store: store,
		Bus: p.Bus(w.backend.Bus(p.Process)), Pusher: &tappedPusher{p.Pusher(&w.sockets), w},
		PushAttempts: pushAttempts, PageSize: w.shape.pageSize, Reserve: 100 * time.Millisecond, Now: w.now,
		Random: func() float64 { return 0.5 }, Logger: slog.New(slog.DiscardHandler),
		Hooks: core.Hooks{OnError: func(_ context.Context, err error) { w.note("OnError: %v", err) }},
	}
	if w.backend.History != nil {
		config.History = p.History(w.backend.History(p.Process))
	}
	if w.shape.together {
		config.Pusher = batcher{config.Pusher}
	}
	if w.options.Break != nil {
		w.options.Break(&config)
	}
	var err error
	if p.engine, err = core.New(config); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// consume delivers events until the context ends, by one process after the other.
func (w *world) consume(ctx context.Context) {
	for ctx.Err() == nil {
		p := w.process()
		err := p.Source(w.backend.Source(p.Process)).Consume(ctx, w.invoke(p.engine.Deliver))
		if err != nil && !p.dead() {
			w.note("Consume: %v", err)
		}
	}
}

// invoke bounds the deliveries of one process.
func (w *world) invoke(deliver ports.DeliverFunc) ports.DeliverFunc {
	return func(ctx context.Context, events []ports.Event) []error { //nolint:contextcheck // An invocation is derived.
		if w.shape.deadline > 0 {
			bounded, cancel := context.WithTimeout(ctx, w.shape.deadline)
			defer cancel()
			ctx = invocation{bounded, w.now().Add(w.shape.deadline)}
		}
		w.deliveries.Add(1)
		verdicts := deliver(ctx, events)
		w.note("delivered %s: %v", describe(events), verdicts)
		return verdicts
	}
}

// invocation has its deadline by the clock of the history.
type invocation struct {
	context.Context //nolint:containedctx // It is one.
	deadline        time.Time
}

// Deadline implements context.Context.
func (i invocation) Deadline() (time.Time, bool) { return i.deadline, true }

func describe(events []ports.Event) string {
	var text strings.Builder
	for _, event := range events {
		_, _ = fmt.Fprintf(&text, "%s %s %s; ", event.Topic, event.Kind, event.Payload)
	}
	return text.String()
}

// pause lets time pass, which costs none.
func pause(d time.Duration) { <-time.After(d) }

// topic is the name of one of the history's topics.
func (w *world) topic(index int) string { return fmt.Sprintf("%s/%c", w.name, 'a'+index) }

// feed is one of the history's topics, of numbered events.
func (w *world) feed(index int) core.Topic[int] {
	if w.shape.keep == 0 {
		return core.NewTopic[int](w.topic(index))
	}
	return core.NewTopic[int](w.topic(index), core.Keep(w.shape.keep, time.Hour))
}

// newSchema has one subscription, feed, whose topics are letters.
func newSchema(t *testing.T, w *world) *graphqlgo.Schema {
	arguments := graphql.FieldConfigArgument{
		"topics":  {Type: graphql.NewNonNull(graphql.String)},
		"initial": {Type: graphql.Boolean},
	}
	subscribe := func(p graphql.ResolveParams) (any, error) {
		var options []core.SubscribeOption
		if initial, _ := p.Args["initial"].(bool); initial {
			options = append(options, core.Initial(func(context.Context) (any, error) { return 0, nil }))
		}
		letters, _ := p.Args["topics"].(string)
		for _, letter := range letters {
			if _, err := w.feed(int(letter-'a')).Subscribe(p.Context, options...); err != nil {
				return nil, err
			}
			options = nil
		}
		return nil, nil
	}
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"hello": {Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) { return "world", nil }},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"feed": {
				Type: graphql.Int, Args: arguments, Subscribe: subscribe,
				Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
			},
		}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
