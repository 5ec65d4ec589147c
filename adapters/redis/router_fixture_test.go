package redis_test

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

// patience is what a test waits for something that is about to happen.
const patience = time.Minute

// fleet is processes that share a Redis.
type fleet struct {
	t      testing.TB
	client func() goredis.UniversalClient // one for each process
	config redis.Config
	// sockets are those of each process. Default: they have no limit but 5,000 frames.
	sockets memory.PusherConfig
}

// onMiniredis is a fleet on a server of its own.
func onMiniredis(t testing.TB) (*fleet, *miniredis.Miniredis) {
	server := miniredis.RunT(t)
	return &fleet{
		t: t,
		client: func() goredis.UniversalClient {
			return goredis.NewClient(&goredis.Options{Addr: server.Addr(), ReadTimeout: patience})
		},
		config: quickRouter(),
	}, server
}

// quickRouter has quick heartbeats. However slow the machine is, nobody is taken for dead,
// no push is given up, and no lease is lost.
func quickRouter() redis.Config {
	return redis.Config{Heartbeat: 20 * time.Millisecond, DeadAfter: time.Hour, AnswerTimeout: time.Hour, LeaseTTL: time.Hour}
}

// quickReaper is quickRouter where somebody dies.
func quickReaper() redis.Config {
	return redis.Config{Heartbeat: 20 * time.Millisecond, DeadAfter: time.Second}
}

// gateway is a member of a fleet, with sockets that are channels.
type gateway struct {
	ports.Router
	t        testing.TB
	name     string
	client   goredis.UniversalClient
	sockets  *gatewaySockets
	engine   *gatewayEngine
	stop     func() // the graceful end
	problems chan string
}

// start begins a process and waits until others can reach it.
func (f *fleet) start(name string) *gateway {
	f.t.Helper()
	config := f.config
	p := &gateway{
		t: f.t, name: name, client: f.client(), sockets: newGatewaySockets(name, f.sockets),
		engine: &gatewayEngine{gone: make(chan ports.Disconnection, 1000)}, problems: make(chan string, 1000),
	}
	config.Logger = slog.New(problemLog(p.problems))
	p.Router = must.Make(newBackend(p.client, config).Router(name, p.sockets))
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- p.Run(ctx, p.engine.Disconnect) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := receive(f.t, ran); err != nil && !errors.Is(err, goredis.ErrClosed) {
			f.t.Errorf("Run: %v", err)
		}
		_ = p.client.Close() // a test may have done so
	})
	f.t.Cleanup(p.stop)
	if err := p.Ready(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	return p
}

// kill ends a process as kill -9 does, as far as Redis can tell.
func (p *gateway) kill() {
	_ = p.client.Close()
	p.stop()
}

// dial opens a socket at the process.
func (p *gateway) dial(id string) (ports.Address, *memory.Socket) {
	socket := p.sockets.open(id)
	return socket.Address(), socket
}

// awaitBeats returns when the process has had two more heartbeats, of which the
// second began after the call.
func (p *gateway) awaitBeats() {
	p.t.Helper()
	for range 2 {
		before := p.sockets.listed()
		waitUntil(p.t, func() bool { return p.sockets.listed() > before })
	}
}

// gatewaySockets are a process's own.
type gatewaySockets struct {
	*memory.Pusher
	process string

	mu    sync.Mutex
	all   map[ports.ConnectionID]*memory.Socket
	lists int
}

func newGatewaySockets(process string, config memory.PusherConfig) *gatewaySockets {
	config.MaxQueued = cmp.Or(config.MaxQueued, 5000)
	return &gatewaySockets{
		Pusher: must.Make(memory.NewPusher(config)), process: process,
		all: make(map[ports.ConnectionID]*memory.Socket),
	}
}

func (s *gatewaySockets) open(id string) *memory.Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	socket := s.Open(ports.Address{ID: ports.ConnectionID(id), Endpoint: s.process})
	s.all[ports.ConnectionID(id)] = socket
	return socket
}

func (s *gatewaySockets) Connections() iter.Seq[ports.ConnectionID] {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	maps.DeleteFunc(s.all, func(_ ports.ConnectionID, socket *memory.Socket) bool { return socket.Closed() != nil })
	return slices.Values(slices.Collect(maps.Keys(s.all)))
}

func (s *gatewaySockets) listed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lists
}

// gatewayEngine receives the connections of dead processes.
type gatewayEngine struct {
	gone chan ports.Disconnection

	mu   sync.Mutex
	fail error
}

func (e *gatewayEngine) Disconnect(_ context.Context, disconnection ports.Disconnection) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil {
		err := e.fail
		e.fail = nil
		return err
	}
	e.gone <- disconnection
	return nil
}

// failOnce has the next call fail.
func (e *gatewayEngine) failOnce(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fail = err
}

// problemLog is a log handler that hands on messages.
type problemLog chan string

func (p problemLog) Enabled(context.Context, slog.Level) bool { return true }
func (p problemLog) WithAttrs([]slog.Attr) slog.Handler       { return p }
func (p problemLog) WithGroup(string) slog.Handler            { return p }
func (p problemLog) Handle(_ context.Context, record slog.Record) error {
	select {
	case p <- record.Message:
	default: // nobody reads them
	}
	return nil
}

// receive waits for what a channel is about to bring.
func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// waitUntil waits for a condition that no channel tells of.
func waitUntil(t testing.TB, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("it did not come about")
		}
	}
}

func wantKind(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
}

func wantNext(t testing.TB, socket *memory.Socket, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got, err := socket.Receive(ctx)
	if err != nil || string(got) != want {
		t.Fatalf("received %q and error %v, want %q", got, err, want)
	}
}

func text(s string) ports.Frame { return ports.Frame{Payload: []byte(s)} }

// far is a socket in the words of porttest.
type far struct{ socket *memory.Socket }

func (c far) Receive(ctx context.Context) ([]byte, error) {
	message, err := c.socket.Receive(ctx)
	if end, ok := errors.AsType[*memory.CloseError](err); ok {
		return nil, &porttest.Closed{Code: end.Code, Reason: end.Reason}
	}
	return message, err
}

func (c far) HangUp(context.Context) error {
	c.socket.HangUp()
	return nil
}
