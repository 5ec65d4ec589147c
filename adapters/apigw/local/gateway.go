package local

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
)

// Gateway is a WebSocket API as an http.Handler. It may be used concurrently.
type Gateway struct {
	config Config
	routes map[string]bool
	slots  chan struct{} // one for each invocation; nil: no limit
	random struct {
		mu     sync.Mutex
		source *rand.Rand
	}

	// ctx ends when Shutdown loses its patience.
	ctx    context.Context //nolint:containedctx // the life of invocations, which outlive the calls that begin them
	cancel context.CancelFunc
	// running counts sockets, with all that happens on them.
	running sync.WaitGroup

	mu          sync.Mutex
	connections map[string]*connection
	stopping    bool
}

// NewGateway returns a gateway without connections. Shutdown ends it. ErrInvalid: a
// field is missing or negative; the error names it.
func NewGateway(config Config) (*Gateway, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	g := &Gateway{config: config.withDefaults(), routes: map[string]bool{}, connections: map[string]*connection{}}
	for _, route := range config.Routes {
		g.routes[route] = true
	}
	if config.Concurrency != 0 {
		g.slots = make(chan struct{}, config.Concurrency)
	}
	g.random.source = rand.New(rand.NewPCG(config.Seed, 0)) //nolint:gosec // it has to be repeatable, not secret
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g, nil
}

// ServeHTTP serves the stage: handshakes at /{stage}, the @connections API below
// it. Anything else is answered as AWS answers a path without a route.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/"+g.config.Stage)
	id, posted := strings.CutPrefix(path, "/@connections/")
	switch {
	case ok && posted:
		g.manage(w, r, id)
	case ok && (path == "" || path == "/"):
		g.handshake(w, r)
	default:
		answerError(w, http.StatusForbidden, "ForbiddenException", "Forbidden", newID())
	}
}

// Shutdown refuses new connections, closes all with 1001 and waits until every
// socket is closed and every invocation has returned, $disconnect's included.
// When ctx ends first it cuts them off, waits for that, and returns the context's
// error. It may be called again.
func (g *Gateway) Shutdown(ctx context.Context) error {
	for _, c := range g.stop() {
		c.shut(closeGoingAway, "Going away")
	}
	done := make(chan struct{})
	go func() {
		g.running.Wait()
		close(done)
	}()
	defer g.cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		g.cancel()
		<-done
		return ctx.Err()
	}
}

func (g *Gateway) stop() []*connection {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopping = true
	all := make([]*connection, 0, len(g.connections))
	for _, c := range g.connections {
		all = append(all, c)
	}
	return all
}

// admit counts a handshake, unless the gateway is shutting down. The caller
// calls running.Done.
func (g *Gateway) admit() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping {
		return false
	}
	g.running.Add(1)
	return true
}

// register makes a connection known to the @connections API.
func (g *Gateway) register(c *connection) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.connections[c.id] = c
	if g.stopping {
		go c.shut(closeGoingAway, "Going away")
	}
}

func (g *Gateway) forget(c *connection) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.connections, c.id)
}

func (g *Gateway) connection(id string) *connection {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.connections[id]
}
