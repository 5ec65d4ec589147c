package callback

import (
	"context"
	"sync"

	"github.com/fanql/fanql/ports"
)

// capture keeps what the engine answers while it handles a router's request, because
// the answer to that request is where it belongs.
type capture struct {
	connection ports.ConnectionID

	mu       sync.Mutex
	messages []message
	closed   bool
	code     int
	reason   string
	ended    bool
}

// captureKey is the context key of the request's *capture.
type captureKey struct{}

func withCapture(ctx context.Context, c *capture) context.Context {
	return context.WithValue(ctx, captureKey{}, c)
}

// captureOf finds the capture for an address; nil where the context is not that of its
// request.
func captureOf(ctx context.Context, of ports.Address) *capture {
	c, _ := ctx.Value(captureKey{}).(*capture)
	if c == nil || c.connection != of.ID {
		return nil
	}
	return c
}

// take keeps a message. False: the request is answered.
func (c *capture) take(m message) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended && m.action != nothing {
		c.messages = append(c.messages, m)
	}
	return !c.ended
}

// close keeps the end of the connection. False: the request is answered.
func (c *capture) close(code int, reason string) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.closed, c.code, c.reason = true, code, reason
	}
	return !c.ended
}

// end is the end of the request: from here on messages are posted.
func (c *capture) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
}
