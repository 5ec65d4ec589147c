package websocket

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"sync"

	"github.com/fanql/fanql/ports"
)

var _ ports.Pusher = (*Server)(nil)

// What a handshake is refused with when the server takes no more connections.
var (
	errStopping = errors.New("the server is shutting down")
	errFull     = errors.New("the server has as many connections as it may")
)

// Server holds the sockets of one process, and its streams. It is the engine's
// Pusher; its Handler opens the sockets, and Streams holds the streams. All methods
// may be called concurrently.
type Server struct {
	config  Config
	batches sync.Pool // of *batch
	writers []*writer
	places  sharedPlaces
	// running counts what Shutdown waits for: connections, with their last call
	// of the engine, messages being handled, timers that fired.
	running sync.WaitGroup

	mu          sync.RWMutex
	connections map[ports.ConnectionID]*connection
	shares      map[string]*share // of the identities that have connections
	accepted    int               // of all time; deals connections out to writers
	stopping    bool
}

// NewServer returns a server without connections. ErrInvalid: a setting is negative
// or unknown; the error names it.
func NewServer(config Config) (*Server, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	s := &Server{
		config:      config.withDefaults(),
		connections: make(map[ports.ConnectionID]*connection),
		shares:      make(map[string]*share),
		writers:     make([]*writer, runtime.GOMAXPROCS(0)),
	}
	s.places = newSharedPlaces(s.config.MaxConcurrentTotal)
	s.batches.New = func() any { return newBatch() }
	for i := range s.writers {
		s.writers[i] = newWriter(s.config.FlushDelay)
	}
	return s, nil
}

// Push queues a text message and returns. ErrGone: the server has no such
// connection, it is closing, or the slow-consumer policy just closed it.
// ErrThrottled: the client does not take what waits already, and the policy is
// ThrottleSlowConsumer. A frame is never too large.
func (s *Server) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	const op = "websocket.Push"
	if err := ctx.Err(); err != nil {
		return &ports.Error{Op: op, Err: err}
	}
	c := s.connection(to.ID)
	if c == nil {
		return &ports.Error{Op: op, Kind: ports.ErrGone}
	}
	if err := c.push(frame); err != nil {
		return &ports.Error{Op: op, Kind: err}
	}
	return nil
}

// Close queues a close frame after what was pushed, and returns. The socket
// closes when the client has answered it, after CloseTimeout at the latest. A
// reason over 123 bytes is cut. Codes that no close frame may carry (RFC 6455,
// section 7.4) become 1011, except 0 and 1005, which send a frame without one.
func (s *Server) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	if err := ctx.Err(); err != nil {
		return &ports.Error{Op: "websocket.Close", Err: err}
	}
	if c := s.connection(to.ID); c != nil {
		c.close(code, reason)
	}
	return nil
}

// Connections yields the connection of every socket and stream that the server has
// when the iteration begins, in no order.
func (s *Server) Connections() iter.Seq[ports.ConnectionID] {
	return func(yield func(ports.ConnectionID) bool) {
		for _, id := range s.ids() {
			if !yield(id) {
				return
			}
		}
	}
}

// ids is a copy: whoever goes through it may take long, or close connections.
func (s *Server) ids() []ports.ConnectionID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.AppendSeq(make([]ports.ConnectionID, 0, len(s.connections)), maps.Keys(s.connections))
}

func (s *Server) connection(id ports.ConnectionID) *connection {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.connections[id]
}

// admit makes room for a connection before its handshake is decided, so that
// what is pushed or closed meanwhile is kept for it.
func (s *Server) admit(engine Engine, stream *stream) (*connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopping:
		return nil, errStopping
	case s.config.MaxConnections > 0 && len(s.connections) >= s.config.MaxConnections:
		return nil, errFull
	}
	s.running.Add(1)
	s.accepted++
	c := &connection{
		server:  s,
		engine:  engine,
		writer:  s.writers[s.accepted%len(s.writers)],
		address: ports.Address{ID: ports.ConnectionID(s.config.NewID()), Endpoint: s.config.Endpoint},
		slots:   make(chan struct{}, s.config.MaxConcurrent),
		changed: make(chan struct{}, 1),
		blocked: true,
		stream:  stream,
		encode:  appendFrame,
	}
	if stream != nil {
		c.encode = stream.append
	}
	s.connections[c.address.ID] = c
	return c, nil
}

// release is the end of what admit began.
func (s *Server) release(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.connections, c.address.ID)
	s.leaveShare(c)
}

func (s *Server) log(ctx context.Context, what string, c *connection, err error) {
	s.config.Logger.ErrorContext(ctx, what, slog.String("connection", string(c.address.ID)), slog.Any("error", err))
}

// Handler opens sockets for engine. It may be mounted more than once.
func (s *Server) Handler(engine Engine) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.handshake(engine, w, r) })
}
