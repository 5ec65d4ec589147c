package fanqltest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/callback"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/protoclient"
	"github.com/fanql/fanql/ports"
)

// Where the requests go to: names that nobody can have (RFC 2606).
const (
	graphqlURL  = "http://graphql.example/graphql"
	routerHost  = "router.example"
	callbackURL = "http://" + routerHost + "/callback/"
	routerAddr  = "192.0.2.2:80"
)

// host is an HTTP server in memory with the adapters of all transports, put together as
// package fanql does.
type host struct {
	server    *Server
	sockets   *websocket.Server
	callbacks *callback.Callbacks
	router    *router
	http      *http.Server
	conns     chan net.Conn // that the HTTP server is to accept
	closed    chan struct{}

	mu    sync.Mutex
	lines map[ports.ConnectionID]*line
}

// newHost makes the host, and has the engine push through it.
func newHost(tb testing.TB, s *Server, config *core.Config) *host {
	tb.Helper()
	h := &host{
		server: s, router: newRouter(), conns: make(chan net.Conn), closed: make(chan struct{}),
		lines: map[ports.ConnectionID]*line{},
	}
	var err error
	h.sockets, err = websocket.NewServer(websocket.Config{
		Logger: config.Logger, MaxMessageBytes: max(config.MaxMessageBytes, 0), Now: s.received.now,
		// Clients read when the test does, and send what it says.
		MaxQueuedFrames: math.MaxInt, MaxQueuedBytes: math.MaxInt, FramesPerSecond: math.MaxInt32,
		FlushDelay: 1, DrainTime: 1,
	})
	if err != nil {
		tb.Fatalf("fanqltest: %v", err)
	}
	h.callbacks, err = callback.New(callback.Config{
		Allow: []string{callbackURL}, Dial: h.dialRouter, NoHeartbeats: true,
		Logger: config.Logger, MaxBodyBytes: max(config.MaxMessageBytes, 0), Now: s.received.now,
	})
	if err != nil {
		tb.Fatalf("fanqltest: %v", err)
	}
	config.Pusher = h.callbacks.Beside(&pushers{Pusher: config.Pusher, host: h})
	return h
}

// serve serves the engine until the test has ended.
func (h *host) serve(tb testing.TB, config *core.Config) {
	tb.Helper()
	engine := observed{h.server.Engine, h}
	requests, err := graphqlhttp.NewHandler(engine, graphqlhttp.Config{
		Logger: config.Logger, MaxBodyBytes: config.MaxMessageBytes,
		Streams: h.sockets.Streams(engine), ConnectionParams: h.connectionParams,
	})
	if err != nil {
		tb.Fatalf("fanqltest: %v", err)
	}
	upgrades, others := h.sockets.Handler(engine), h.callbacks.Handler(engine, requests)
	h.http = &http.Server{
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(config.Logger.Handler(), slog.LevelWarn),
		ConnContext:       func(ctx context.Context, conn net.Conn) context.Context { return withLine(ctx, conn.(*serverEnd).line) },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Host == routerHost:
				h.router.ServeHTTP(w, r)
			case strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
				upgrades.ServeHTTP(w, r)
			default:
				others.ServeHTTP(w, r)
			}
		}),
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := h.http.Serve(h); !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("fanqltest: serving: %v", err)
		}
	})
	tb.Cleanup(func() {
		ctx, cancel := h.server.context(tb)
		defer cancel()
		if err := h.sockets.Shutdown(ctx); err != nil {
			tb.Errorf("fanqltest: stopping the server: %v", err)
		}
		h.callbacks.CloseIdleConnections()
		_ = h.http.Close()
		serving.Wait()
	})
}

func (h *host) connectionParams(r *http.Request) (map[string]any, error) {
	if h.server.ConnectionParams == nil {
		return nil, nil
	}
	return h.server.ConnectionParams(r)
}

// dial connects a client to the HTTP server.
func (h *host) dial(ctx context.Context, from string) (*line, error) {
	client, server := net.Pipe()
	l := newLine(client)
	select {
	case h.conns <- &serverEnd{Conn: server, line: l, from: from}:
		return l, nil
	case <-h.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *host) dialRouter(ctx context.Context, _, _ string) (net.Conn, error) {
	l, err := h.dial(ctx, routerAddr)
	if err != nil {
		return nil, err
	}
	return l.conn, nil
}

// Accept implements net.Listener.
func (h *host) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. http.Server calls it once.
func (h *host) Close() error {
	close(h.closed)
	return nil
}

// Addr implements net.Listener.
func (*host) Addr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(routerAddr)) }

// line is that of a connection of the engine's; nil where there is none.
func (h *host) line(id ports.ConnectionID) *line {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lines[id]
}

func (h *host) register(id ports.ConnectionID, l *line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l == nil {
		delete(h.lines, id)
	} else {
		h.lines[id] = l
	}
}

// pushers sends to the sockets and streams of the host, and to all others by the Pusher
// of the configuration.
type pushers struct {
	ports.Pusher
	host *host
}

var _ ports.Tagger = (*pushers)(nil)

func (p *pushers) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	l := p.host.line(to.ID)
	if l == nil {
		return p.Pusher.Push(ctx, to, frame)
	}
	err := p.host.sockets.Push(ctx, to, frame)
	if err == nil && l.carries(frame) {
		l.update(func(s *state) { s.sent++ })
	}
	return err
}

func (p *pushers) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	l := p.host.line(to.ID)
	if l == nil {
		return p.Pusher.Close(ctx, to, code, reason)
	}
	err := p.host.sockets.Close(ctx, to, code, reason)
	if err == nil {
		l.update(func(s *state) { s.closing = true })
	}
	return err
}

func (p *pushers) Tags(of ports.Address) []ports.Topic {
	if tagger, ok := p.Pusher.(ports.Tagger); ok {
		return tagger.Tags(of)
	}
	return nil
}

// observed is the engine as the adapters call it. The lines learn what it has handled.
type observed struct {
	*core.Engine
	host *host
}

func (o observed) Connect(ctx context.Context, handshake ports.Handshake) (ports.Accepted, error) {
	l := lineOf(ctx)
	l.update(func(s *state) { s.address = handshake.Address })
	if handshake.Callback { // nothing comes back over the line
		return o.Engine.Connect(ctx, handshake)
	}
	o.host.register(handshake.Address.ID, l)
	accepted, err := o.Engine.Connect(ctx, handshake)
	if err != nil {
		o.host.register(handshake.Address.ID, nil)
		l.update(func(s *state) { s.disconnected = true })
	}
	return accepted, err
}

func (o observed) Take(message ports.Message) func(context.Context) error {
	handle := o.Engine.Take(message)
	l := o.host.line(message.Address.ID)
	data := string(bytes.Clone(message.Data))
	return func(ctx context.Context) error {
		err := handle(ctx)
		l.update(func(s *state) { s.handled[data]++; s.messages++ })
		return err
	}
}

func (o observed) Disconnect(ctx context.Context, disconnection ports.Disconnection) error {
	err := o.Engine.Disconnect(ctx, disconnection)
	if l := o.host.line(disconnection.Address.ID); l != nil {
		o.host.register(disconnection.Address.ID, nil)
		l.update(func(s *state) { s.disconnected = true })
	}
	return err
}

// line is one connection of a client to the HTTP server, which may become a socket or a
// stream.
type line struct {
	conn net.Conn // the client's end
	// isStream: it carries one operation, and no messages besides.
	isStream bool

	mu      sync.Mutex
	changed chan struct{} // closed at each change
	state   state
}

// state is what is known of a line at both of its ends.
type state struct {
	// address is the engine's, once it was asked.
	address ports.Address
	// asked counts the messages that were sent, and handled those that the engine has
	// handled, by their text.
	asked, handled map[string]int
	messages       int // that were handled
	// sent counts what the engine has sent, received what of it is in the inbox.
	sent, received int
	closing        bool // the engine has closed it
	left           bool // the client has
	ended          bool // nothing more is received
	disconnected   bool // the engine has ended the connection
}

func newLine(conn net.Conn) *line {
	return &line{conn: conn, changed: make(chan struct{}), state: state{asked: map[string]int{}, handled: map[string]int{}}}
}

// update changes the state. A line that is nil has none.
func (l *line) update(change func(*state)) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.state)
	close(l.changed)
	l.changed = make(chan struct{})
}

// await waits until a condition of the state holds.
func (l *line) await(ctx context.Context, holds func(*state) bool) error {
	for {
		l.mu.Lock()
		done, changed := holds(&l.state), l.changed
		l.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// settle waits until all that was sent is received.
func (l *line) settle(ctx context.Context) error {
	return l.await(ctx, func(s *state) bool { return s.ended || s.received >= s.sent && !s.closing })
}

// carries reports whether a frame of the engine's reaches the client as such.
func (l *line) carries(frame ports.Frame) bool {
	if !l.isStream {
		return true
	}
	m, err := protoclient.Parse(frame.AppendTo(nil))
	return err == nil && (m.IsResult() || m.Type == protoclient.TypeError || m.Type == protoclient.TypeComplete)
}

// serverEnd is the server's end of a line.
type serverEnd struct {
	net.Conn
	line *line
	from string
}

// RemoteAddr is the one that the test has given the client.
func (e *serverEnd) RemoteAddr() net.Addr { return remoteAddr(e.from) }

type remoteAddr string

func (remoteAddr) Network() string  { return "tcp" }
func (a remoteAddr) String() string { return string(a) }

type lineKey struct{}

func withLine(ctx context.Context, l *line) context.Context {
	return context.WithValue(ctx, lineKey{}, l)
}

// lineOf is the line of a request that is being served.
func lineOf(ctx context.Context) *line {
	l, _ := ctx.Value(lineKey{}).(*line)
	return l
}
