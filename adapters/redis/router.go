package redis

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

var (
	_ ports.Router  = (*router)(nil)
	_ ports.Batcher = (*router)(nil)
)

// maxFrame is what a message may hold of one frame: well under the 32 MB at
// which Redis cuts a subscriber off (client-output-buffer-limit).
const maxFrame = 16 << 20

// router is a ports.Router; Backend.Router says what it promises.
type router struct {
	client   goredis.UniversalClient
	sockets  ports.Sockets
	config   Config
	process  string
	keys     keyspace
	scripts  routerScripts
	clocks   *clocks
	instance uint64
	outbox   *outbox
	fences   fences

	running   atomic.Bool
	joined    atomic.Bool // others have been shown that the process lives
	listening atomic.Bool // the channel is subscribed to
	// elsewhere has a value where the channel is subscribed to at another node than
	// others publish to.
	elsewhere chan struct{}
	sharded   atomic.Bool // by SSUBSCRIBE
	ready     chan struct{}
	makeReady func() // closes ready, once
	ended     chan struct{}
	makeEnded func()                // closes ended, once
	problem   atomic.Pointer[error] // the last one that was logged
}

func newRouter(config Config, clocks *clocks, process string, sockets ports.Sockets) *router {
	r := &router{
		client: config.Client, sockets: sockets, config: config, process: process,
		keys:      newKeyspace(config.Prefix),
		scripts:   newRouterScripts(),
		clocks:    clocks,
		instance:  rand.Uint64(), //nolint:gosec // it tells two lives of a process apart, and is no secret
		outbox:    newOutbox(config.AnswerTimeout, config.MaxRoutedBytes),
		ready:     make(chan struct{}),
		ended:     make(chan struct{}),
		elsewhere: make(chan struct{}, 1),
	}
	r.makeReady = sync.OnceFunc(func() { close(r.ready) })
	r.makeEnded = sync.OnceFunc(func() { close(r.ended) })
	return r
}

// Push implements ports.Pusher.
func (r *router) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	return r.call(ctx, "Push", to, entry{kind: pushEntry, to: to.ID, frames: []ports.Frame{frame}})
}

// Close implements ports.Pusher.
func (r *router) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	err := r.call(ctx, "Close", to, entry{kind: closeEntry, to: to.ID, code: code, reason: reason})
	if errors.Is(err, ports.ErrGone) {
		return nil
	}
	return err
}

// Ready implements ports.Router.
func (r *router) Ready(ctx context.Context) error {
	why := errEnded
	select {
	case <-r.ready:
		return nil
	case <-r.ended:
	case <-ctx.Done():
		why = context.Cause(ctx)
	}
	if r.isReady() {
		return nil
	}
	if problem := r.problem.Load(); problem != nil {
		why = errors.Join(why, *problem)
	}
	return &ports.Error{Op: "redis.Ready", Err: why}
}

func (r *router) isReady() bool {
	select {
	case <-r.ready:
		return true
	default:
		return false
	}
}

func (r *router) checkReady() {
	if r.joined.Load() && r.listening.Load() {
		r.makeReady()
	}
}

func (r *router) call(ctx context.Context, op string, to ports.Address, e entry) error {
	if ctx.Err() != nil {
		return r.givenUp(ctx, op)
	}
	e.fence = fenceFrom(ctx)
	switch {
	case to.Endpoint == "":
		return refusal(op, ports.ErrInvalid)
	case to.Endpoint == r.process:
		_, err := r.do(ctx, &e)
		if errors.Is(err, errLeaseLost) {
			loseLease(ctx)
			return nil
		}
		return err
	case e.size() > maxFrame:
		return refusal(op, ports.ErrTooLarge)
	}
	_, err := r.await(ctx, op, r.outbox.add(to.Endpoint, e)[0])
	return err
}

// await returns what became of a call, and how many of its frames were accepted.
func (r *router) await(ctx context.Context, op string, t ticket) (accepted int, err error) {
	switch {
	case errors.Is(t.err, errSilent):
		return 0, &ports.Error{Op: "redis." + op, Err: t.err}
	case t.err != nil:
		return 0, refusal(op, t.err)
	}
	select {
	case <-t.batch.done:
	case <-ctx.Done():
		return 0, r.givenUp(ctx, op)
	}
	accepted = t.batch.accepted(t.index)
	switch o := t.batch.outcome(t.index); {
	case errors.Is(o.cause, errLeaseLost):
		loseLease(ctx)
	case o != (outcome{}):
		return accepted, &ports.Error{Op: "redis." + op, Kind: o.kind, Err: o.cause}
	}
	return accepted, nil
}

// givenUp is what a call returns whose context has ended.
func (r *router) givenUp(ctx context.Context, op string) error {
	if errors.Is(context.Cause(ctx), errLeaseLost) {
		return nil
	}
	return &ports.Error{Op: "redis." + op, Err: ctx.Err()}
}

// do does a call on the process's own sockets, and says how many frames they accepted.
// errLeaseLost: it came too late.
func (r *router) do(ctx context.Context, e *entry) (accepted int, err error) {
	to := ports.Address{ID: e.to, Endpoint: r.process}
	switch {
	case !r.fences.admit(e.fence):
		return 0, errLeaseLost
	case r.sockets == nil:
		return 0, refusal("Push", ports.ErrGone)
	case e.kind == closeEntry:
		return 0, r.sockets.Close(ctx, to, e.code, e.reason)
	}
	for i := range e.frames {
		if i > 0 && !r.fences.admit(e.fence) {
			return i, errLeaseLost
		}
		if err := r.sockets.Push(ctx, to, e.frames[i]); err != nil {
			return i, err
		}
	}
	return len(e.frames), nil
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
func (r *router) connections() iter.Seq[ports.ConnectionID] {
	if r.sockets == nil {
		return func(func(ports.ConnectionID) bool) {}
	}
	return r.sockets.Connections()
}
