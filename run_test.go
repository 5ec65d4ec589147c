package fanql_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/gobwas/ws/wsutil"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// steps are what the parts of a server do, in their order.
type steps struct {
	mu  sync.Mutex
	all []string
}

func (s *steps) add(step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, step)
}

// fleet is a backend in memory that says what is done with it.
type fleet struct {
	*memory.Backend
	steps *steps
	// consume, if set, is called in place of the backend's.
	consume func(context.Context) error
	// ready, if set, is what the router waits for.
	ready chan struct{}
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	backend, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &fleet{Backend: backend, steps: &steps{}}
}

func (f *fleet) Consume(ctx context.Context, deliver ports.DeliverFunc) error {
	if f.consume != nil {
		return f.consume(ctx)
	}
	err := f.Backend.Consume(ctx, deliver)
	f.steps.add("delivery has ended")
	return err
}

func (f *fleet) Router(_ string, sockets ports.Sockets) (ports.Router, error) {
	return &router{Sockets: sockets, fleet: f, left: make(chan struct{})}, nil
}

type router struct {
	ports.Sockets
	fleet *fleet
	left  chan struct{} // closed once Run has ended
}

func (r *router) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	select {
	case <-r.left:
		return errors.New("pushed by a process that has left its fleet")
	default:
		return r.Sockets.Push(ctx, to, frame)
	}
}

func (r *router) Run(ctx context.Context, _ ports.DisconnectFunc) error {
	<-ctx.Done()
	close(r.left)
	r.fleet.steps.add("the fleet is left")
	return nil
}

func (r *router) Ready(ctx context.Context) error {
	if r.fleet.ready == nil {
		return nil
	}
	select {
	case <-r.fleet.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestOrderOfTheEnd: clients go first, and what delivers to them goes after them.
func TestOrderOfTheEnd(t *testing.T) {
	backend := newFleet(t)
	p := start(t, fanql.Config{Backend: backend, Hooks: core.Hooks{
		OnDisconnect: func(context.Context, core.Disconnected) { backend.steps.add("the client has gone") },
	}})
	conn := p.subscribe(t)
	p.cancel()
	_, err := wsutil.ReadServerText(conn)
	if closed, ok := errors.AsType[wsutil.ClosedError](err); !ok || closed.Code != ports.CloseGoingAway {
		t.Errorf("the client got %v, want the close code 1001", err)
	}
	if err := p.end(t); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if want := []string{"the client has gone", "delivery has ended", "the fleet is left"}; !slices.Equal(backend.steps.all, want) {
		t.Errorf("the steps were %q, want %q", backend.steps.all, want)
	}
}

// TestRequestsUnderWayAreAnswered, also those that publish.
func TestRequestsUnderWayAreAnswered(t *testing.T) {
	began, goOn := make(chan struct{}), make(chan struct{})
	p := start(t, fanql.Config{Core: func(c *core.Config) {
		c.NewContext = func(ctx context.Context) context.Context {
			close(began)
			<-goOn
			return ctx
		}
	}})
	type answer struct {
		status int
		body   string
	}
	answered := make(chan answer, 1)
	go func() {
		status, body := p.request(t, http.MethodPost, "/graphql", `{"query": "mutation { send(text: \"late\") }"}`)
		answered <- answer{status, body}
	}()
	<-began
	p.cancel()
	close(goOn)
	if got := <-answered; got != (answer{http.StatusOK, `{"data":{"send":"late"}}`}) {
		t.Errorf("got %v", got)
	}
	if err := p.end(t); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// TestClientsWaitForTheFleet: others would take their connections for gone.
func TestClientsWaitForTheFleet(t *testing.T) {
	backend := newFleet(t)
	backend.ready = make(chan struct{})
	log := &logged{lines: map[string]int{}}
	p := start(t, fanql.Config{Backend: backend, Logger: slog.New(log)})
	if p.joinedForHandler() || log.count("listening") > 0 {
		t.Error("ready before the fleet is joined")
	}
	close(backend.ready)
	p.subscribe(t)
	if log.count("listening") != 1 {
		t.Error("did not log that it listens")
	}
}

// joinedForHandler asks the readiness probe without the listener, which accepts
// nobody before the fleet is joined.
func (p *process) joinedForHandler() bool { return statusOf(p.Handler(), "/readyz") == http.StatusOK }

func TestAStopWhileJoining(t *testing.T) {
	backend := newFleet(t)
	backend.ready = make(chan struct{})
	p := start(t, fanql.Config{Backend: backend})
	if err := p.stop(t); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the fleet could not be joined", err)
	}
}

// TestAFailureEndsTheServer, in order, whatever part it is of.
func TestAFailureEndsTheServer(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		result error
		want   string
	}{
		"an error":             {broken, "broken"},
		"an end without error": {nil, "a part of the server has ended by itself"},
	} {
		t.Run(name, func(t *testing.T) {
			backend := newFleet(t)
			backend.consume = func(context.Context) error { return test.result }
			if err := start(t, fanql.Config{Backend: backend}).end(t); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if want := []string{"the fleet is left"}; !slices.Equal(backend.steps.all, want) {
				t.Errorf("the steps were %q, want %q", backend.steps.all, want)
			}
		})
	}
}

// TestAFailureWhileJoining is all that is said: nothing listens, and what waited for the
// fleet is no failure beside it.
func TestAFailureWhileJoining(t *testing.T) {
	log := &logged{lines: map[string]int{}}
	backend := newFleet(t)
	backend.ready = make(chan struct{})
	backend.consume = func(context.Context) error { return errors.New("broken") }
	if err := start(t, fanql.Config{Backend: backend, Logger: slog.New(log)}).end(t); err == nil || err.Error() != "broken" {
		t.Errorf("got %v, want broken", err)
	}
	if log.count("listening") > 0 {
		t.Error("logged that it listens")
	}
}

func TestAServerRunsOnce(t *testing.T) {
	p := start(t, fanql.Config{})
	p.request(t, http.MethodGet, "/livez", "") // it runs
	for range 2 {                              // while it runs, and after
		if err := p.Run(t.Context()); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("got %v, want ErrInvalid", err)
		}
		if err := p.stop(t); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	}
}

// TestServeNeedsAListener: of one that could not be made there is an error, and the server
// may run yet.
func TestServeNeedsAListener(t *testing.T) {
	server := mustServer(t, fanql.Config{})
	for _, listener := range []net.Listener{nil, (*net.TCPListener)(nil)} {
		if err := server.Serve(t.Context(), listener); !errors.Is(err, ports.ErrInvalid) || err.Error() != "fanql.Serve: invalid: a listener is required" {
			t.Errorf("got %v, want that a listener is required", err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := server.Run(ctx); err != nil {
		t.Errorf("then it runs with %v", err)
	}
}

func TestAnAddressThatIsTaken(t *testing.T) {
	p := start(t, fanql.Config{})
	_, isListening := errors.AsType[*net.OpError](mustServer(t, fanql.Config{}).ListenAndServe(t.Context(), p.address))
	if !isListening {
		t.Error("the address was taken, and listening did not fail")
	}
}

// TestASecondServerOnABackendInMemoryIsRefused: each would take the sockets of the other
// for gone. One after the other is no mistake.
func TestASecondServerOnABackendInMemoryIsRefused(t *testing.T) {
	backend, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, fanql.Config{Backend: backend})
	conn := p.subscribe(t)
	err = start(t, fanql.Config{Backend: backend}).end(t)
	if want := "fanql.Config.Backend is another server's that runs"; !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), want) {
		t.Errorf("the second server ended with %v, want %s", err, want)
	}
	p.send(t, "hello")
	want(t, conn, "hello")
	_ = conn.Close()
	if err := p.stop(t); err != nil {
		t.Errorf("the first server ended with %v", err)
	}
	next := start(t, fanql.Config{Backend: backend})
	conn = next.subscribe(t)
	next.send(t, "again")
	want(t, conn, "again")
	_ = conn.Close()
}

// TestTwoListenersOfOneServer: a client of one gets what is published by the other.
func TestTwoListenersOfOneServer(t *testing.T) {
	public := start(t, fanql.Config{})
	inside := httptest.NewServer(public.Handler())
	defer inside.Close()
	internal := &process{Server: public.Server, address: strings.TrimPrefix(inside.URL, "http://")}
	a, b := public.subscribe(t), internal.subscribe(t)
	public.send(t, "from outside")
	internal.send(t, "from inside")
	for _, conn := range []net.Conn{a, b} {
		want(t, conn, "from outside")
		want(t, conn, "from inside")
		_ = conn.Close()
	}
}

// TestTwoServersOnARedisAreAFleet: a client of one gets what the other publishes.
func TestTwoServersOnARedisAreAFleet(t *testing.T) {
	database := miniredis.RunT(t)
	var processes []*process
	for range 2 {
		client := goredis.NewClient(&goredis.Options{Addr: database.Addr()})
		t.Cleanup(func() { _ = client.Close() })
		backend, err := redis.New(redis.Config{Client: client})
		if err != nil {
			t.Fatal(err)
		}
		processes = append(processes, start(t, fanql.Config{Backend: backend}))
	}
	a, b := processes[0].subscribe(t), processes[1].subscribe(t)
	processes[0].send(t, "from a")
	processes[1].send(t, "from b")
	for _, conn := range []net.Conn{a, b} {
		want(t, conn, "from a")
		want(t, conn, "from b")
		_ = conn.Close()
	}
	for _, p := range processes {
		if err := p.stop(t); err != nil {
			t.Errorf("a server ended with %v", err)
		}
	}
}
