package redis_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/graphql-go/graphql"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// wholeProcess is everything that one process of a fleet runs.
type wholeProcess struct {
	engine       *core.Engine
	server       *websocket.Server
	client       *goredis.Client // its end looks like the process's
	url          string
	disconnected chan ports.ConnectionID
	stop         func()
}

func startWhole(t *testing.T, name, addr string, config redis.Config) *wholeProcess {
	t.Helper()
	p := &wholeProcess{
		client:       goredis.NewClient(&goredis.Options{Addr: addr, ReadTimeout: patience}),
		disconnected: make(chan ports.ConnectionID, 100),
	}
	consuming, stopConsuming := context.WithCancel(context.Background())
	routing, stopRouting := context.WithCancel(context.Background())
	var worker, routes sync.WaitGroup
	config.Client = p.client
	hooks := core.Hooks{OnDisconnect: func(_ context.Context, d core.Disconnected) { p.disconnected <- d.Connection.Address.ID }}

	// docs:start fleet
	backend, err := redis.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server, err := websocket.NewServer(websocket.Config{Endpoint: name}) // as other processes reach it
	if err != nil {
		t.Fatal(err)
	}
	router, err := backend.Router(name, server) // under the same name
	if err != nil {
		t.Fatal(err)
	}
	engine, err := core.New(core.Config{
		Schema: countSchema(t), Hooks: hooks,
		Store: backend, Bus: backend, History: backend, Pusher: router,
	})
	if err != nil {
		t.Fatal(err)
	}
	routes.Go(func() { _ = router.Run(routing, engine.Disconnect) })
	worker.Go(func() { _ = backend.Consume(consuming, engine.Deliver) })
	if err := router.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	handler := server.Handler(engine) // now serve
	// docs:end fleet

	front := httptest.NewServer(handler)
	p.engine, p.server, p.url = engine, server, "ws"+front.URL[len("http"):]
	p.stop = sync.OnceFunc(func() {
		// docs:start stop
		_ = server.Shutdown(context.Background()) // 1001 to every client; rows and hooks are done
		front.Close()
		stopConsuming() // the worker finishes what it has and hands its partitions over,
		worker.Wait()   // for which it needs the router
		stopRouting()
		routes.Wait()
		// docs:end stop
		_ = p.client.Close()
	})
	t.Cleanup(p.stop)
	return p
}

// countSchema has a subscription whose events are numbers.
func countSchema(t *testing.T) *graphqlgo.Schema {
	t.Helper()
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"version": {Type: graphql.Int}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"count": {
			Type: graphql.Int,
			Subscribe: func(p graphql.ResolveParams) (any, error) {
				return core.Subscribe(p.Context, []string{"count"}, core.Initial(func(context.Context) (any, error) { return -1, nil }))
			},
			Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
		}}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// subscribe opens a socket that counts. It returns when the subscription is in
// place.
func (p *wholeProcess) subscribe(t *testing.T) net.Conn {
	t.Helper()
	conn, _, _, err := ws.Dialer{Protocols: []string{"graphql-transport-ws"}}.Dial(t.Context(), p.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	for _, message := range []string{
		`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":"subscription { count }"}}`,
	} {
		if err := wsutil.WriteClientText(conn, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if _, err := wsutil.ReadServerText(conn); err != nil { // the ack, and the initial result
			t.Fatal(err)
		}
	}
	return conn
}

func countOf(t *testing.T, conn net.Conn) int {
	t.Helper()
	count, err := readCount(conn)
	if err != nil {
		t.Fatal(err)
	}
	return count
}

func readCount(conn net.Conn) (int, error) {
	data, err := wsutil.ReadServerText(conn)
	if err != nil {
		return 0, err
	}
	var next struct {
		Payload struct{ Data struct{ Count int } }
	}
	err = json.Unmarshal(data, &next)
	return next.Payload.Data.Count, err
}

func TestEventsReachClientsOfEveryProcessInOrder(t *testing.T) {
	t.Parallel()
	addr := miniredis.RunT(t).Addr()
	a, b := startWhole(t, "a:8080", addr, quickRouter()), startWhole(t, "b:8080", addr, quickRouter())
	const events, clientsEach = 50, 3
	var conns []net.Conn
	for range clientsEach {
		conns = append(conns, a.subscribe(t), b.subscribe(t))
	}
	for i := range events {
		if err := []*wholeProcess{a, b}[i%2].engine.Publish(t.Context(), core.NewTopic[any]("count").Event(i)); err != nil {
			t.Fatal(err)
		}
	}
	var reading sync.WaitGroup
	for i, conn := range conns {
		reading.Go(func() { // besides the others, as only who reads answers pings
			for want := range events {
				if got, err := readCount(conn); got != want || err != nil {
					t.Errorf("client %d got %d (%v), want %d", i, got, err, want)
					return
				}
			}
		})
	}
	reading.Wait()
}

// TestEventsReachStreamsOfEveryProcess: the process that delivers has one of them, so
// the other's is reached through the router.
func TestEventsReachStreamsOfEveryProcess(t *testing.T) {
	t.Parallel()
	addr := miniredis.RunT(t).Addr()
	a, b := startWhole(t, "a:8080", addr, quickRouter()), startWhole(t, "b:8080", addr, quickRouter())
	streams := []*bufio.Reader{a.stream(t), b.stream(t)}
	const events = 20
	for i := range events {
		if err := a.engine.Publish(t.Context(), core.NewTopic[any]("count").Event(i)); err != nil {
			t.Fatal(err)
		}
	}
	for i, stream := range streams {
		for want := range events {
			for _, line := range []string{"event: next\n", fmt.Sprintf("data: {\"data\":{\"count\":%d}}\n", want), "\n"} {
				got, err := stream.ReadString('\n')
				for got == ":\n" && err == nil { // a heartbeat, and the line that ends it
					_, _ = stream.ReadString('\n')
					got, err = stream.ReadString('\n')
				}
				if got != line || err != nil {
					t.Fatalf("stream %d got %q (%v), want %q", i, got, err, line)
				}
			}
		}
	}
}

// stream subscribes over server-sent events. It returns when the subscription is in
// place.
func (p *wholeProcess) stream(t *testing.T) *bufio.Reader {
	t.Helper()
	handler, err := graphqlhttp.NewHandler(p.engine, graphqlhttp.Config{Streams: p.server.Streams(p.engine)})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(handler)
	t.Cleanup(front.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, front.URL+"?query=subscription%7Bcount%7D", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := front.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	body := bufio.NewReader(response.Body)
	for line := ""; line != "data: {\"data\":{\"count\":-1}}\n"; { // the initial result
		if line, err = body.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := body.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestRowsOfADeadProcessAreRemoved(t *testing.T) {
	t.Parallel()
	addr := miniredis.RunT(t).Addr()
	a, b := startWhole(t, "a:8080", addr, quickReaper()), startWhole(t, "b:8080", addr, quickReaper())
	b.subscribe(t)
	b.subscribe(t)
	lost := slices.Sorted(b.server.Connections())
	// Its router's next heartbeat writes them down; then it falls silent.
	set := goredis.NewClient(&goredis.Options{Addr: addr})
	defer set.Close()
	waitUntil(t, func() bool {
		keys, _, _ := set.Scan(t.Context(), 0, "fanql:{g:b:8080#*", 100).Result()
		return len(keys) == 1 && set.SCard(t.Context(), keys[0]).Val() == int64(len(lost))
	})
	_ = b.client.Close()
	reaped := []ports.ConnectionID{receive(t, a.disconnected), receive(t, a.disconnected)}
	if slices.Sort(reaped); !slices.Equal(reaped, lost) {
		t.Errorf("reaped %q, want %q", reaped, lost)
	}
}

// What docs/fleet.md says of a rolling restart.
func TestClientsThatComeBackAfterARestartMissNothing(t *testing.T) {
	t.Parallel()
	addr := miniredis.RunT(t).Addr()
	a, b := startWhole(t, "a:8080", addr, quickRouter()), startWhole(t, "b:8080", addr, quickRouter())
	conn := b.subscribe(t)
	for i := range 3 {
		if err := a.engine.Publish(t.Context(), core.NewTopic[any]("count").Event(i)); err != nil {
			t.Fatal(err)
		}
		if got := countOf(t, conn); got != i {
			t.Fatalf("got %d, want %d", got, i)
		}
	}
	go b.stop()
	_, err := wsutil.ReadServerText(conn)
	if closed, ok := errors.AsType[wsutil.ClosedError](err); !ok || closed.Code != 1001 {
		t.Fatalf("got %v, want close code 1001", err)
	}
	conn = a.subscribe(t) // what came meanwhile, Initial tells
	if err := a.engine.Publish(t.Context(), core.NewTopic[any]("count").Event(3)); err != nil {
		t.Fatal(err)
	}
	if got := countOf(t, conn); got != 3 {
		t.Fatalf("got %d, want 3", got)
	}
}
