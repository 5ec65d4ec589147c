package fanql

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/fanql/fanql/adapters/callback"
	"github.com/fanql/fanql/adapters/debug"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// Server is one process with everything that it runs. It runs once, by
// ListenAndServe, Serve or Run. All other methods may be called at any time, and
// concurrently.
type Server struct {
	config  Config
	engine  *core.Engine
	store   ports.Store
	source  ports.EventSource
	router  ports.Router // nil where the backend is no fleet
	sockets *websocket.Server
	// callbacks are nil where none are served.
	callbacks *callback.Callbacks

	upgrades, requests, paths, live, readiness, debug http.Handler

	started atomic.Bool
	joined  chan struct{} // closed once clients may come
}

// NewServer makes a server. It does no I/O. The error names the field that is
// missing or wrong (ErrInvalid), or is the error of one of the parts.
func NewServer(config Config) (*Server, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config.setDefaults()
	if config.Backend == nil {
		backend, err := memory.New(memory.Config{})
		if err != nil {
			return nil, err
		}
		config.Backend = backend
	}
	s := &Server{config: config, joined: make(chan struct{})}
	s.source, _ = config.Backend.(ports.EventSource) // validated
	if err := s.compose(); err != nil {
		return nil, err
	}
	return s, nil
}

// compose makes the parts.
func (s *Server) compose() (err error) {
	c := &s.config
	engine := core.Config{Schema: c.Schema, Hooks: c.Hooks, Store: c.Backend, Bus: c.Backend, Logger: c.Logger}
	engine.History, _ = c.Backend.(ports.History)
	if c.Core != nil {
		c.Core(&engine)
	}
	if s.sockets, engine.Pusher, err = s.transport(engine.MaxMessageBytes); err != nil {
		return err
	}
	if err := s.serveCallbacks(&engine); err != nil {
		return err
	}
	if engine.Observer, err = s.observer(engine.Observer); err != nil {
		return err
	}
	if s.engine, err = core.New(engine); err != nil {
		return err
	}
	overHTTP := graphqlhttp.Config{Logger: c.Logger, MaxBodyBytes: engine.MaxMessageBytes, Streams: streams{s, s.sockets.Streams(s.engine)}}
	if c.HTTP != nil {
		c.HTTP(&overHTTP)
	}
	s.store = engine.Store
	requests, err := graphqlhttp.NewHandler(s.engine, overHTTP)
	if err != nil {
		return err
	}
	s.requests = requests
	if s.callbacks != nil {
		s.requests = s.callbacks.Handler(s.engine, requests)
	}
	s.upgrades = s.sockets.Handler(s.engine)
	if s.paths = http.HandlerFunc(s.servePath); c.Middleware != nil {
		if s.paths = c.Middleware(s.paths); ports.IsMissing(s.paths) {
			return invalid("NewServer", "fanql.Config.Middleware has returned nil")
		}
	}
	s.live, s.readiness = s.sockets.Live(), s.sockets.Ready(append([]websocket.Check{s.hasJoined, s.storeAnswers}, c.Checks...)...)
	return nil
}

// transport makes the sockets, and what pushes to them: themselves, or in a fleet
// the router, which reaches those of the other processes too.
func (s *Server) transport(maxMessageBytes int) (*websocket.Server, ports.Pusher, error) {
	config := websocket.Config{Endpoint: s.config.Process, Logger: s.config.Logger, MaxMessageBytes: maxMessageBytes}
	if s.config.WebSocket != nil {
		s.config.WebSocket(&config)
	}
	sockets, err := websocket.NewServer(config)
	if err != nil {
		return nil, nil, err
	}
	fleet, ok := s.config.Backend.(ports.Fleet)
	if !ok {
		return sockets, sockets, nil
	}
	router, err := fleet.Router(config.Endpoint, sockets)
	s.router = router
	return sockets, router, err
}

// serveCallbacks has the engine push to callbacks too, if they are served.
func (s *Server) serveCallbacks(engine *core.Config) (err error) {
	if s.config.Callbacks == nil {
		return nil
	}
	config := *s.config.Callbacks
	config.Logger = cmp.Or(config.Logger, s.config.Logger)
	config.MaxBodyBytes = cmp.Or(config.MaxBodyBytes, engine.MaxMessageBytes)
	if s.callbacks, err = callback.New(config); err != nil {
		return err
	}
	engine.Pusher = s.callbacks.Beside(engine.Pusher)
	return nil
}

// Engine is what runs the operations. It publishes events from outside of resolvers
// and hooks, and closes connections.
func (s *Server) Engine() *core.Engine { return s.engine }

// Connections yields the connection of every socket and stream of this process.
func (s *Server) Connections() iter.Seq[ports.ConnectionID] { return s.sockets.Connections() }

// Handler answers every request: GraphQL at Config.Path, over sockets, streams and
// plain HTTP, probes at /livez and /readyz, and at all other paths Config.Pages. It is
// for programs with a server of their own, who mount it where they like under the same
// paths. Sockets and streams are answered with 503 unless the server runs.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Debug answers with a page of what this process does: its connections, its topics by
// their subscribers, lag, how far results are shared, who is slow or behind, and events
// that were given up. With ?format=json and ?format=prometheus it has the same for
// programs; adapters/debug says what is in it. Without Config.Debug it answers 404.
//
// Whoever reaches it reads it, and topics may be named after people: it must never be
// public. So Handler does not serve it; give it an address of its own:
//
//	go http.ListenAndServe("localhost:6060", server.Debug())
func (s *Server) Debug() http.Handler { return s.debug }

// observer counts for Debug, and has the next one observe the same.
func (s *Server) observer(next ports.Observer) (ports.Observer, error) {
	s.debug = http.NotFoundHandler()
	if !s.config.Debug || ports.IsNilPointer(next) { // which the engine refuses by the field's name
		return next, nil
	}
	config := debug.Config{Process: s.config.Process, Next: next, Sockets: s.countSockets}
	// The backends whose bus keeps count of what it has given up.
	if bus, ok := s.config.Backend.(interface {
		CountDeadLetters(ctx context.Context) (int, error)
	}); ok {
		config.DeadLetters = bus.CountDeadLetters
	}
	observer, err := debug.New(config)
	if err != nil {
		return nil, err
	}
	s.debug = observer.Handler()
	return observer, nil
}

func (s *Server) countSockets() (count int) {
	for range s.Connections() {
		count++
	}
	return count
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/livez":
		s.live.ServeHTTP(w, r)
	case "/readyz":
		s.readiness.ServeHTTP(w, r)
	default:
		s.paths.ServeHTTP(w, r)
	}
}

func (s *Server) servePath(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == s.config.Path {
		s.serveGraphQL(w, r)
		return
	}
	s.config.Pages.ServeHTTP(w, r)
}

func (s *Server) serveGraphQL(w http.ResponseWriter, r *http.Request) {
	switch {
	case !strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		s.requests.ServeHTTP(w, r)
	case s.hasJoined(r.Context()) != nil:
		s.config.Logger.WarnContext(r.Context(), "a socket was refused: the server is not running yet (Run, Serve, ListenAndServe)")
		w.Header().Set("Retry-After", "1")
		http.Error(w, errNotRunning.Error(), http.StatusServiceUnavailable)
	default:
		s.upgrades.ServeHTTP(w, r)
	}
}

// streams are held only while the server runs, as sockets are.
type streams struct {
	server *Server
	held   *websocket.Streams
}

// Hold implements graphqlhttp.Streams.
func (s streams) Hold(w http.ResponseWriter, r *http.Request, stream ports.Stream) error {
	if err := s.server.hasJoined(r.Context()); err != nil {
		w.Header().Set("Retry-After", "1")
		return &ports.Refusal{Status: http.StatusServiceUnavailable, Reason: err.Error()}
	}
	return s.held.Hold(w, r, stream)
}

var errNotRunning = errors.New("the server is not running")

// hasJoined says whether events reach the clients of this process.
func (s *Server) hasJoined(context.Context) error {
	select {
	case <-s.joined:
		return nil
	default:
		return errNotRunning
	}
}

// storeAnswers asks the store for a connection that nobody has.
func (s *Server) storeAnswers(ctx context.Context) error {
	if _, err := s.store.GetConnection(ctx, "readyz"); !errors.Is(err, ports.ErrNotFound) {
		return err
	}
	return nil
}
