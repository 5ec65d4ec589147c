package callback_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/callback"
	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

var errRefused = core.Public("no")

// schema has subscriptions to a topic, to one with a first result, to one that is
// refused, and to two topics.
func schema(t *testing.T) *graphqlgo.Schema {
	t.Helper()
	payload := func(p graphql.ResolveParams) (any, error) { return p.Source, nil }
	field := func(subscribe graphql.FieldResolveFn) *graphql.Field {
		return &graphql.Field{Type: graphql.Int, Subscribe: subscribe, Resolve: payload}
	}
	built, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"one": {Type: graphql.Int, Resolve: func(graphql.ResolveParams) (any, error) { return 1, nil }},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"number": field(func(p graphql.ResolveParams) (any, error) {
				return core.NewTopic[int]("number").Subscribe(p.Context)
			}),
			"other": field(func(p graphql.ResolveParams) (any, error) {
				return core.NewTopic[int]("other").Subscribe(p.Context)
			}),
			"first": field(func(p graphql.ResolveParams) (any, error) {
				return core.NewTopic[int]("number").Subscribe(p.Context, core.Initial(func(context.Context) (any, error) { return 7, nil }))
			}),
			"refused": field(func(graphql.ResolveParams) (any, error) { return nil, errRefused }),
		}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// subgraph is a server whose only clients are routers.
type subgraph struct {
	t         *testing.T
	backend   *memory.Backend
	engine    *core.Engine
	callbacks *callback.Callbacks
	log       *logged

	mu    sync.Mutex
	ended []core.CompletionReason
	gone  int
}

// logged is a log that can be read while it is written.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(data)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// loopback is where routers are in tests.
func loopback() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

// newSubgraph runs a subgraph that allows callbacks to the router, and tells the router
// where it is.
func newSubgraph(t *testing.T, r *router, options ...func(*callback.Config, *core.Config)) *subgraph {
	t.Helper()
	s := &subgraph{t: t, backend: must.Make(memory.New(memory.Config{})), log: &logged{}}
	logger := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	config := callback.Config{Allow: []string{r.server.URL + "/callback"}, Logger: logger}
	engine := core.Config{
		Schema: schema(t), Store: s.backend, Bus: s.backend, Logger: logger,
		Hooks: core.Hooks{OnComplete: s.onComplete, OnDisconnect: s.onDisconnect},
	}
	for _, option := range options {
		option(&config, &engine)
	}
	s.callbacks = must.Make(callback.New(config))
	engine.Pusher = s.callbacks.Beside(must.Make(memory.NewPusher(memory.PusherConfig{})))
	s.engine = must.Make(core.New(engine))
	server := httptest.NewServer(s.callbacks.Handler(s.engine, must.Make(graphqlhttp.NewHandler(s.engine, graphqlhttp.Config{Logger: logger}))))
	t.Cleanup(server.Close)
	r.subgraph = server.URL
	s.background(func(ctx context.Context) error { return s.backend.Consume(ctx, s.engine.Deliver) })
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return s
}

// background runs something until the end of the test.
func (s *subgraph) background(run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
}

func (s *subgraph) onComplete(_ context.Context, completed core.Completed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, completed.Reason)
}

func (s *subgraph) onDisconnect(context.Context, core.Disconnected) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone++
}

func (s *subgraph) publish(values ...int) {
	s.t.Helper()
	for _, value := range values {
		if err := s.engine.Publish(s.t.Context(), core.NewTopic[int]("number").Event(value)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// listed is how many subscriptions there are.
func (s *subgraph) listed() int {
	s.t.Helper()
	page, err := s.backend.ListSubscribers(s.t.Context(), "number", ports.PageRequest{Limit: 100_000})
	if err != nil {
		s.t.Fatal(err)
	}
	return len(page.Subscribers)
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

var errOfHook = errors.New("secret")
