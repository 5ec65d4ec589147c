package redis

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

var _ ports.Pusher = (*Router)(nil)

// Sockets are the client sockets that a process holds; websocket.Server is one.
// Its Push and Close must not wait for a client: one goroutine does what all
// other processes ask for.
type Sockets interface {
	ports.Pusher
	// Connections yields the connection of every socket.
	Connections() iter.Seq[ports.ConnectionID]
}

// RouterConfig shapes a Router. Process is required; every other zero field
// stands for the default it names.
type RouterConfig struct {
	// Process names this process, and is the Endpoint in the addresses of its
	// connections. No other process of the fleet that is alive may have it.
	Process string
	// Prefix begins every key and channel. It is the same in every process of a
	// fleet. Default: "fanql:".
	Prefix string
	// Logger hears of what Run gets over. Nil: silent.
	Logger *slog.Logger

	// Heartbeat is how often the process shows that it is alive, and writes down
	// which connections it has. Default: 2 s.
	Heartbeat time.Duration
	// DeadAfter is how long a process that shows nothing counts as alive. The
	// same in every process. Default: three heartbeats.
	DeadAfter time.Duration
	// AnswerTimeout is how long a call waits for the process that has the
	// connection, the way there and back included. Default: 2 s.
	AnswerTimeout time.Duration
	// MaxQueuedBytes bounds what is on its way to one process and not answered. A
	// payload that frames share counts once in a message, and a frame that finds
	// nothing on its way is taken, however long. Default: 4 MiB.
	MaxQueuedBytes int
}

func (c RouterConfig) withDefaults() RouterConfig {
	c.Heartbeat = positive(c.Heartbeat, 2*time.Second)
	c.DeadAfter = positive(c.DeadAfter, 3*c.Heartbeat)
	c.AnswerTimeout = positive(c.AnswerTimeout, 2*time.Second)
	c.MaxQueuedBytes = positive(c.MaxQueuedBytes, 4<<20)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// maxFrame is what a message may hold of one frame: well under the 32 MB at
// which Redis cuts a subscriber off (client-output-buffer-limit).
const maxFrame = 16 << 20

// Router is the engine's Pusher in a fleet: many processes, each with sockets of
// its own, that share one Redis. It does itself what concerns the process's own
// sockets, and has the process that the address names do the rest. Run has to
// run meanwhile. All methods may be called concurrently.
//
// A call for another process's connection returns what that process's own
// sockets said to it: a nil Push is one that they have taken. Calls that are
// under way together share a message, and frames that share a payload share it
// there. Order holds for calls that follow each other.
//
// Where the context has a Lease (LeaseFrom), a process that has seen a later
// lease of the partition does nothing, and the call returns nil: whoever has the
// partition now delivers the event, and for the engine to believe its
// subscriber lost would end a healthy subscription. So does a call whose context
// ended because its lease was lost. Nothing is lost by that: an event whose lease
// was lost stays with the bus, and the deliveries under the lease end before the
// call returns, so that they note nothing of it as done.
type Router struct {
	client   goredis.UniversalClient
	sockets  Sockets
	config   RouterConfig
	keys     keyspace
	scripts  routerScripts
	instance uint64
	outbox   *outbox
	fences   fences

	running   atomic.Bool
	joined    atomic.Bool // others have been shown that the process lives
	listening atomic.Bool // the channel is subscribed to
	sharded   atomic.Bool // by SSUBSCRIBE
	ready     chan struct{}
	makeReady func() // closes ready, once
}

// NewRouter returns a router for the process that holds these sockets, or nil
// for one that only pushes, such as a worker. It does no I/O. The client stays
// the caller's.
func NewRouter(client goredis.UniversalClient, sockets Sockets, config RouterConfig) *Router {
	config = config.withDefaults()
	r := &Router{
		client: client, sockets: sockets, config: config,
		keys:     newKeyspace(config.Prefix),
		scripts:  newRouterScripts(),
		instance: rand.Uint64(), //nolint:gosec // it tells two lives of a process apart, and is no secret
		outbox:   newOutbox(config.AnswerTimeout, config.MaxQueuedBytes),
		ready:    make(chan struct{}),
	}
	r.makeReady = sync.OnceFunc(func() { close(r.ready) })
	return r
}

// Push implements ports.Pusher.
//
// ErrGone: also, the process of the connection is dead. ErrThrottled: also, too
// much is on its way to it, or this router is not listening for the moment.
// ErrTooLarge: also, over 16 MiB and for another process. ErrInvalid: the address
// has no endpoint. An error without a kind: the process did not answer in time, or
// is not listening, or Redis failed. The client may then have the message, and
// gets it twice if it is pushed again. That is not ErrThrottled, because of a
// process that has died the engine would slow down for everyone.
func (r *Router) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	return r.call(ctx, "Push", to, entry{kind: pushEntry, to: to.ID, frame: frame})
}

// Close implements ports.Pusher. Its errors are those of Push.
func (r *Router) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	err := r.call(ctx, "Close", to, entry{kind: closeEntry, to: to.ID, code: code, frame: ports.Frame{Head: []byte(reason)}})
	if errors.Is(err, ports.ErrGone) {
		return nil
	}
	return err
}

// Ready is closed when other processes can reach this one for the first time.
// Whoever serves clients before may find that others take them for gone.
func (r *Router) Ready() <-chan struct{} { return r.ready }

func (r *Router) checkReady() {
	if r.joined.Load() && r.listening.Load() {
		r.makeReady()
	}
}

func (r *Router) call(ctx context.Context, op string, to ports.Address, e entry) error {
	if ctx.Err() != nil {
		return r.givenUp(ctx, op)
	}
	e.fence = fenceFrom(ctx)
	switch {
	case to.Endpoint == "":
		return refusal(op, ports.ErrInvalid)
	case to.Endpoint == r.config.Process:
		err := r.do(ctx, &e)
		if errors.Is(err, errLeaseLost) {
			loseLease(ctx)
			return nil
		}
		return err
	case e.frame.Len() > maxFrame:
		return refusal(op, ports.ErrTooLarge)
	}
	b, index, err := r.outbox.add(to.Endpoint, e)
	switch {
	case errors.Is(err, errSilent):
		return &ports.Error{Op: "redis." + op, Err: err}
	case err != nil:
		return refusal(op, err)
	}
	select {
	case <-b.done:
	case <-ctx.Done():
		return r.givenUp(ctx, op)
	}
	switch o := b.outcome(index); {
	case errors.Is(o.cause, errLeaseLost):
		loseLease(ctx)
	case o != (outcome{}):
		return &ports.Error{Op: "redis." + op, Kind: o.kind, Err: o.cause}
	}
	return nil
}

// givenUp is what a call returns whose context has ended.
func (r *Router) givenUp(ctx context.Context, op string) error {
	if errors.Is(context.Cause(ctx), errLeaseLost) {
		return nil
	}
	return &ports.Error{Op: "redis." + op, Err: ctx.Err()}
}

// do does a call on the process's own sockets. errLeaseLost: it came too late.
func (r *Router) do(ctx context.Context, e *entry) error {
	to := ports.Address{ID: e.to, Endpoint: r.config.Process}
	switch {
	case !r.fences.admit(e.fence):
		return errLeaseLost
	case r.sockets == nil:
		return refusal("Push", ports.ErrGone)
	case e.kind == closeEntry:
		return r.sockets.Close(ctx, to, e.code, string(e.frame.Head))
	default:
		return r.sockets.Push(ctx, to, e.frame)
	}
}

// fence is a lease as it travels; the zero value where there was none.
type fence struct {
	scope
	token int64
}

// scope is what a lease is of.
type scope struct {
	bus       string
	partition int
}

func fenceFrom(ctx context.Context) fence {
	lease, _ := LeaseFrom(ctx)
	return fence{scope{lease.Bus, lease.Partition}, lease.Token}
}

// fences are the latest leases that a process has seen.
type fences struct {
	mu     sync.Mutex
	tokens map[scope]int64
}

// admit refuses a lease that is not the latest of its partition.
func (f *fences) admit(by fence) bool {
	if by.token == 0 {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if by.token < f.tokens[by.scope] {
		return false
	}
	if f.tokens == nil {
		f.tokens = make(map[scope]int64)
	}
	f.tokens[by.scope] = by.token
	return true
}

// reset forgets all leases.
func (f *fences) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tokens = nil
}

// connections are those of the process's own sockets.
func (r *Router) connections() iter.Seq[ports.ConnectionID] {
	if r.sockets == nil {
		return func(func(ports.ConnectionID) bool) {}
	}
	return r.sockets.Connections()
}
