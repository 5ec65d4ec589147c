package redis_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/graphql-go/graphql"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// verbBudget runs the engine's verbs on Redis and notes what each sends.
type verbBudget struct {
	*budget
	engine *core.Engine
	pusher *silent
	watch  *watch
}

// budgetPage is the most subscribers of a page.
const budgetPage = 10

// silent is a pusher that sends nothing, so that only the stores and the bus are
// counted. While it is away it accepts nothing.
type silent struct {
	away   error
	pushed atomic.Int64
}

func (s *silent) Push(context.Context, ports.Address, ports.Frame) error {
	if s.away == nil {
		s.pushed.Add(1)
	}
	return s.away
}
func (s *silent) Close(context.Context, ports.Address, int, string) error { return s.away }

func newVerbBudget(t *testing.T) *verbBudget {
	t.Helper()
	b := &verbBudget{budget: newBudget(t, "verb"), pusher: &silent{}, watch: &watch{seen: map[string]string{}}}
	bus := newBackend(b.client(true), redis.Config{})
	store := newBackend(b.client(true), redis.Config{Now: b.clock.Now})
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"now": {Type: graphql.String}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"feed": {
			Type: graphql.String,
			Args: graphql.FieldConfigArgument{"topics": {Type: graphql.NewList(graphql.String)}},
			Subscribe: func(p graphql.ResolveParams) (any, error) {
				var topics []string
				list, _ := p.Args["topics"].([]any)
				for _, topic := range list {
					topics = append(topics, fmt.Sprint(topic))
				}
				return core.Subscribe(p.Context, topics)
			},
			Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
		}, "kept": keptField()}}),
	})
	success(t, err)
	b.engine, err = core.New(core.Config{
		Schema: schema, Store: store, Bus: bus, Pusher: b.pusher, History: store, Now: b.clock.Now, PageSize: budgetPage,
	})
	success(t, err)
	return b
}

// client is a new one of Redis, whose requests are counted or not.
func (b *verbBudget) client(counted bool) goredis.UniversalClient {
	client := goredis.NewClient(&goredis.Options{Addr: b.server.Addr()})
	b.t.Cleanup(func() { _ = client.Close() })
	if counted {
		client.AddHook(b.hook)
		client.AddHook(b.watch)
	}
	return client
}

// budgetClient is a client, connected or not.
type budgetClient struct {
	b       *verbBudget
	address ports.Address
}

func (b *verbBudget) newClient() budgetClient { return budgetClient{b, b.socket().Address} }

func (c budgetClient) connect() error {
	_, err := c.b.engine.Connect(c.b.t.Context(), ports.Handshake{
		Address: c.address, ReceivedAt: c.b.clock.Now(), Protocols: []string{"graphql-transport-ws"},
	})
	return err
}

func (c budgetClient) send(message map[string]any) error {
	data, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return c.b.engine.Receive(c.b.t.Context(), ports.Message{
		Address: c.address, RequestID: "request", ReceivedAt: c.b.clock.Now(), Data: data,
	})
}

func (c budgetClient) init() error { return c.send(map[string]any{"type": "connection_init"}) }

func (c budgetClient) subscribe(id string, topics ...ports.Topic) error {
	return c.send(map[string]any{"type": "subscribe", "id": id, "payload": map[string]any{
		"query": "subscription Feed($topics: [String]) { feed(topics: $topics) }", "variables": map[string]any{"topics": topics},
	}})
}

func (c budgetClient) complete(id string) error {
	return c.send(map[string]any{"type": "complete", "id": id})
}

func (c budgetClient) disconnect() error {
	return c.b.engine.Disconnect(c.b.t.Context(), ports.Disconnection{Address: c.address})
}

// ready is a client whose connection_init was accepted, with m subscriptions of k
// topics each.
func (b *verbBudget) ready(m, k int) budgetClient {
	b.t.Helper()
	c := b.newClient()
	success(b.t, c.connect())
	success(b.t, c.init())
	for i := range m {
		success(b.t, c.subscribe(fmt.Sprint(i), b.ownTopics(i, k)...))
	}
	return c
}

// ownTopics are k that no other client has.
func (b *verbBudget) ownTopics(i, k int) []ports.Topic {
	list := make([]ports.Topic, k)
	for j := range list {
		list[j] = ports.Topic(fmt.Sprintf("%d/%s", b.sockets, own(i, j)))
	}
	return list
}

// TestVerbBudget asserts the table of commands per verb, and that docs/costs.md
// shows it.
func TestVerbBudget(t *testing.T) {
	t.Parallel()
	b := newVerbBudget(t)
	b.sessions()
	b.publishing()
	b.delivering()
	b.remembering()
	b.consuming()
	b.routing()
	b.documented("costs.md", "redis")
	b.watch.report(t)
}

func (b *verbBudget) sessions() {
	c := b.newClient()
	b.call("connect", "1 `connection_create`", 1, c.connect)
	b.call("`connection_init`", "1 `connection_init`", 1, c.init)
	for _, k := range []int{1, 5, 25} {
		c := b.ready(0, 0)
		b.call(fmt.Sprintf("`subscribe`, K = %d", k),
			fmt.Sprintf("1 `connection_get`, %[1]d SET, 1 `operation_add`, %[1]d `listing_place`", k), 4,
			func() error { return c.subscribe("1", b.ownTopics(0, k)...) })
	}
	c = b.ready(0, 0)
	b.call("`subscribe`, refused by its resolver", "1 `connection_get`", 1, func() error { return c.subscribe("1") })
	b.call("query or mutation on a socket", "1 `connection_get`, 1 `operation_add`, 1 `operation_remove`", 3, func() error {
		return c.send(map[string]any{"type": "subscribe", "id": "2", "payload": map[string]any{"query": "{ now }"}})
	})
	for _, k := range []int{1, 5, 25} {
		c := b.ready(1, k)
		b.clock.Advance(time.Second)
		b.call(fmt.Sprintf("`complete`, K = %d", k),
			fmt.Sprintf("1 `operation_remove`, %d `listing_clear`, 1 `operation_forget`", k), 3, func() error { return c.complete("0") })
	}
	b.call("`complete` that overtakes its `subscribe`", "1 `operation_remove`, 1 `connection_get`", 2, func() error { return c.complete("3") })
	for _, test := range []struct {
		m, k, roundTrips int
		want             string
	}{
		{0, 0, 1, "1 `connection_delete`"},
		{1, 1, 3, "1 `connection_delete`, 1 `listing_clear`, 1 `connection_forget`"},
		{10, 5, 3, "1 `connection_delete`, 50 `listing_clear`, 1 `connection_forget`"},
	} {
		b.call(fmt.Sprintf("disconnect, M = %d, K = %d", test.m, test.k), test.want, test.roundTrips, b.ready(test.m, test.k).disconnect)
	}
	b.call("`ping` on API Gateway", "1 `connection_get`", 1, func() error { return c.send(map[string]any{"type": "ping"}) })
	b.call("`pong` on API Gateway", "1 `connection_get`", 1, func() error { return c.send(map[string]any{"type": "pong"}) })
}

func (b *verbBudget) publishing() {
	ctx := b.t.Context()
	success(b.t, b.engine.Publish(ctx, core.NewTopic[any]("warm").Event(1)))
	ten := func(topic func(i int) string) func() error {
		list := make([]core.Event, 10)
		for i := range list {
			list[i] = core.NewTopic[int](topic(i)).Event(i)
		}
		return func() error { return b.engine.Publish(ctx, list...) }
	}
	b.call("publish, 1 event", "1 `bus_publish`", 1, func() error { return b.engine.Publish(ctx, core.NewTopic[any]("room").Event(1)) })
	b.call("publish, 10 events of 1 topic in one call", "1 `bus_publish`", 1, ten(func(int) string { return "room" }))
	b.call("publish, 10 topics of 10 partitions in one call", "10 XLEN, 10 `bus_publish`", 11, ten(func(i int) string { return fmt.Sprint("hall/", i) }))
}

func (b *verbBudget) delivering() {
	for _, pages := range []int{1, 3} {
		topic := ports.Topic(fmt.Sprint("crowd of ", pages))
		for range pages * budgetPage {
			success(b.t, b.ready(0, 0).subscribe("1", topic))
		}
		want, roundTrips := "1 `listing_page`", 1
		if pages > 1 {
			want, roundTrips = fmt.Sprintf("%d `listing_page`, 1 `checkpoint_load`", pages), pages+1
		}
		b.call(fmt.Sprintf("deliver 10 events of 1 topic, pages of subscribers: %d", pages), want, roundTrips, func() error {
			return b.engine.Deliver(b.t.Context(), events(topic, number(10)...))[0]
		})
	}
}

// consuming has an idle worker of one partition woken by events, until it is idle
// again.
func (b *verbBudget) consuming() {
	config := redis.Config{Prefix: "consuming:", Partitions: 1, LeaseTTL: 24 * time.Hour, PollInterval: 24 * time.Hour}
	publisher := b.client(false)
	bus := newBackend(publisher, config)
	warm := consuming(b.t, bus, b.engine.Deliver) // The server has the scripts then.
	publish(b.t, bus, "warm", "1")
	drained(b.t, bus)
	warm()
	b.hook.take()
	stop := consuming(b.t, newBackend(b.client(true), config), b.engine.Deliver)
	eventually(b.t, "the worker does not listen", func() bool {
		return publisher.PubSubNumSub(b.t.Context(), "consuming:{b:all}:wake").Val()["consuming:{b:all}:wake"] == 1
	})
	// It has asked for the time, joined, leased the partition and read it.
	eventually(b.t, "the worker is not idle", func() bool { return b.hook.answered() == 4 })
	for _, test := range []struct {
		name           string
		events, topics int
	}{
		{"a worker's delivery of 1 event, from idle to idle", 1, 1},
		{"a worker's delivery of 100 events of 10 topics", 100, 10},
	} {
		var list []ports.Event
		for i := range test.events {
			list = append(list, events(ports.Topic(fmt.Sprint(i%test.topics)), fmt.Sprint(i))...)
		}
		want := fmt.Sprintf("2 `bus_read`, %d `listing_page`, 1 `bus_settle`", test.topics)
		b.call(test.name, want, test.topics+3, func() error {
			err := bus.Publish(b.t.Context(), list...)
			eventually(b.t, "the worker is not idle", func() bool { return b.hook.answered() >= test.topics+3 })
			return err
		})
	}
	stop()
}

// routing has a process push to another one, and a process that does nothing.
func (b *verbBudget) routing() {
	fleet := &fleet{
		t: b.t, client: func() goredis.UniversalClient { return b.client(true) },
		config: redis.Config{Heartbeat: 24 * time.Hour, Prefix: "routing:"},
	}
	here, there := fleet.start("here"), fleet.start("there")
	to, _ := here.dial("1")
	b.hook.take()
	success(b.t, there.Push(b.t.Context(), to, text("x")))
	requests := slices.DeleteFunc(b.hook.take(), func(cmds []goredis.Cmder) bool {
		arguments := cmds[0].Args()
		return cmds[0].Name() != "publish" || fmt.Sprintf("%s", arguments[2]) == "" // a first heartbeat
	})
	b.note("push to another process's connection, and its answer", "2 PUBLISH", 2, requests)
	pushes := make([]ports.Push, 100)
	for i := range pushes {
		pushes[i].To, _ = here.dial(strconv.Itoa(i))
		pushes[i].Frames = []ports.Frame{text("x")}
	}
	for _, result := range there.Router.(ports.Batcher).PushAll(b.t.Context(), pushes) {
		success(b.t, result.Err)
	}
	requests = slices.DeleteFunc(b.hook.take(), func(cmds []goredis.Cmder) bool {
		arguments := cmds[0].Args()
		return cmds[0].Name() != "publish" || fmt.Sprintf("%s", arguments[2]) == "" // a heartbeat
	})
	b.note("push of an event to 100 connections of another process, and its answer", "2 PUBLISH", 2, requests)
	here.stop()
	there.stop()

	fleet.config.Prefix, fleet.config.Heartbeat, fleet.config.DeadAfter = "beating:", 5*time.Millisecond, time.Hour
	process := fleet.start("process")
	process.awaitBeats()
	b.hook.take()
	eventually(b.t, "the process has no heartbeats", func() bool { return b.hook.answered() >= 42 })
	// The median of ten heartbeats: a connection that is dialed meanwhile sends its own.
	var beats [][][]goredis.Cmder
	for _, request := range b.hook.take() {
		if b.commands([][]goredis.Cmder{request}) == "1 TIME" {
			beats = append(beats, nil)
		}
		if last := len(beats) - 1; last >= 0 {
			beats[last] = append(beats[last], request)
		}
	}
	beats = beats[:len(beats)-1] // the last one may go on
	slices.SortFunc(beats, func(x, y [][]goredis.Cmder) int { return cmp.Compare(len(x), len(y)) })
	b.note("a heartbeat of a process without news", "1 TIME, 1 `router_heartbeat`, 1 PEXPIRE, 1 PUBLISH", 4, beats[len(beats)/2])
	process.stop()
}
