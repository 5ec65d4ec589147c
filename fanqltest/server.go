package fanqltest

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// Server is an engine with everything around it in memory. Its methods may be
// called concurrently.
type Server struct {
	// Engine is what the schema runs on: publish through it.
	Engine *core.Engine
	// Timeout is how long a client waits for what a test expects, and how long
	// one message may take. New sets 5 seconds; change it before you connect.
	Timeout time.Duration
	// ConnectionParams is that of graphqlhttp.Config: what it makes of the request for a
	// stream is what OnInit receives. Set it before you connect. Default: OnInit has no
	// payload.
	ConnectionParams func(*http.Request) (map[string]any, error)

	bus     ports.EventBus
	pusher  pusher
	host    *host
	inboxes *memory.Pusher // of the clients over transports
	// received is when messages are received.
	received *clock
	names    atomic.Int64
}

// pusher is a memory.Pusher, or what embeds one.
type pusher interface {
	ports.Pusher
	Open(address ports.Address) *memory.Socket
}

// New runs the schema and the hooks of a configuration, of which only the schema
// is required. The default of a port is the memory adapter, and of the logger
// the test's own output. An engine that cannot be made fails the test.
//
// Ports may be given, to share a bus with a core.Publisher, say, or to have one
// fail. A bus that is a ports.EventSource is consumed; Nothing and Flush need a
// bus with the Flush of memory.Backend. A pusher must embed a *memory.Pusher; it is that
// of the clients without a transport (Over).
//
// An event that the default bus gives up, because it could not be delivered in
// ten attempts, fails the test. Config.Now may stand still.
func New(tb testing.TB, config core.Config) *Server {
	tb.Helper()
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &Server{Timeout: 5 * time.Second, received: &clock{source: config.Now}}
	if config.Logger == nil {
		config.Logger = slog.New(slog.NewTextHandler(tb.Output(), nil))
	}
	s.fillPorts(tb, &config)
	s.host = newHost(tb, s, &config)
	engine, err := core.New(config)
	if err != nil {
		tb.Fatalf("fanqltest: %v", err)
	}
	s.Engine = engine
	s.host.serve(tb, &config)
	if source, ok := s.bus.(ports.EventSource); ok {
		s.consume(tb, source)
	}
	return s
}

// fillPorts puts memory adapters where a port is missing.
func (s *Server) fillPorts(tb testing.TB, config *core.Config) {
	tb.Helper()
	backend, err := memory.New(memory.Config{
		Now:     config.Now,
		Backoff: func(int) time.Duration { return 0 },
		OnDropped: func(event ports.Event, verdict error) {
			tb.Errorf("fanqltest: an event of topic %q could not be delivered: %v", event.Topic, verdict)
		},
	})
	if err != nil {
		tb.Fatalf("fanqltest: %v", err)
	}
	pushed, err := memory.NewPusher(memory.PusherConfig{MaxQueued: math.MaxInt}) // clients read when the test does
	if err != nil {
		tb.Fatalf("fanqltest: %v", err)
	}
	if s.inboxes, err = memory.NewPusher(memory.PusherConfig{MaxQueued: math.MaxInt}); err != nil {
		tb.Fatalf("fanqltest: %v", err)
	}
	if config.Store == nil {
		config.Store = backend
	}
	if config.Bus == nil {
		config.Bus = backend
		config.History = cmp.Or[ports.History](config.History, backend)
	}
	if config.Pusher == nil {
		config.Pusher = pushed
	}
	s.bus = config.Bus
	var ok bool
	if s.pusher, ok = config.Pusher.(pusher); !ok {
		tb.Fatalf("fanqltest: core.Config.Pusher must embed a *memory.Pusher, but is a %T", config.Pusher)
	}
}

// consume delivers what is published until the test has ended.
func (s *Server) consume(tb testing.TB, source ports.EventSource) {
	tb.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	var consumer sync.WaitGroup
	consumer.Go(func() {
		if err := source.Consume(ctx, s.Engine.Deliver); err != nil {
			tb.Errorf("fanqltest: consuming the bus: %v", err)
		}
	})
	tb.Cleanup(func() {
		stop()
		consumer.Wait()
	})
}

// Flush waits until everything that has been published is delivered: what it
// sends is then with the clients. A bus that has not done so in time fails the
// test.
func (s *Server) Flush(tb testing.TB) {
	tb.Helper()
	bus, ok := s.bus.(interface {
		Flush(ctx context.Context) error
	})
	if !ok {
		tb.Fatalf("fanqltest: cannot tell when everything is delivered: the bus, a %T, has no Flush", s.bus)
	}
	ctx, cancel := s.context(tb)
	defer cancel()
	if err := bus.Flush(ctx); err != nil {
		tb.Fatalf("fanqltest: expected everything that was published to be delivered within %v: %v", s.Timeout, err)
	}
}

// context is for one step of a test. It works in a test's cleanup as well.
func (s *Server) context(tb testing.TB) (context.Context, context.CancelFunc) {
	tb.Helper()
	return context.WithTimeout(context.WithoutCancel(tb.Context()), s.Timeout)
}
