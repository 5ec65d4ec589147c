package redis_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"

	goredis "github.com/redis/go-redis/v9"
)

// errBroken is what a client says of a command whose connection broke.
var errBroken = errors.New("the connection is lost")

// hook steps in around the requests of a client: one command, or several in one
// round trip. Those with which a client opens a connection are left alone.
type hook struct {
	// before and after, unless nil, are called around the request of the number,
	// from 1; an error takes the place of the answer.
	before, after func(n int) error
	// twice has every request carried out two times, as one is whose answer was
	// lost and which the client sent again. Between them, between is called.
	twice   bool
	between func(n int)

	mu       sync.Mutex
	requests [][]goredis.Cmder
	answers  int
}

func (h *hook) DialHook(next goredis.DialHook) goredis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (h *hook) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		return h.around([]goredis.Cmder{cmd}, func() error { return next(ctx, cmd) })
	}
}

func (h *hook) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		return h.around(cmds, func() error { return next(ctx, cmds) })
	}
}

func (h *hook) around(cmds []goredis.Cmder, send func() error) error {
	if slices.Contains([]string{"hello", "client"}, cmds[0].Name()) {
		return send()
	}
	h.mu.Lock()
	h.requests = append(h.requests, cmds)
	n := len(h.requests)
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.answers++
	}()
	fail := func(err error) error {
		for _, cmd := range cmds {
			cmd.SetErr(err)
		}
		return err
	}
	if h.before != nil {
		if err := h.before(n); err != nil {
			return fail(err)
		}
	}
	err := send()
	if h.twice {
		if h.between != nil {
			h.between(n)
		}
		for _, cmd := range cmds {
			cmd.SetErr(nil)
		}
		err = send()
	}
	if h.after != nil {
		if err := h.after(n); err != nil {
			return fail(err)
		}
	}
	return err
}

// take returns the requests since the last time.
func (h *hook) take() [][]goredis.Cmder {
	h.mu.Lock()
	defer h.mu.Unlock()
	taken := h.requests
	h.requests, h.answers = nil, 0
	return taken
}

// answered is how many requests have been answered since the last take.
func (h *hook) answered() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.answers
}
