package websocket

import (
	"context"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/ports"
)

// clock says when a connection's timer has something to do.
type clock struct {
	initDue time.Time // zero once InitTimeout has passed
	pingDue time.Time
	pinged  bool
}

// startClock sets the connection's one timer, for InitTimeout once and for KeepAlive
// again and again, until close puts CloseTimeout in its place. The caller holds mu.
func (c *connection) startClock(ctx context.Context) {
	config, now := &c.server.config, time.Now()
	state := &clock{pingDue: now.Add(config.KeepAlive)}
	if c.stream == nil { // a stream begins with what connection_init is to a socket
		state.initDue = now.Add(config.InitTimeout)
	}
	c.timer = time.AfterFunc(state.next(now), func() { c.tick(ctx, state) })
}

// next is how long the timer has to wait.
func (s *clock) next(now time.Time) time.Duration {
	due := s.pingDue
	if !s.initDue.IsZero() && s.initDue.Before(due) {
		due = s.initDue
	}
	return due.Sub(now)
}

func (c *connection) tick(ctx context.Context, state *clock) {
	if !c.start() {
		return
	}
	defer c.server.running.Done()
	now := time.Now()
	if !state.initDue.IsZero() && !now.Before(state.initDue) {
		state.initDue = time.Time{}
		c.expireInit(ctx)
	}
	if !now.Before(state.pingDue) {
		state.pingDue = now.Add(c.server.config.KeepAlive)
		// What the client sent before the first ping is no answer to it.
		if alive := c.alive(); state.pinged && !alive {
			c.terminate()
			return
		}
		state.pinged = true
		c.keepAlive(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		c.timer.Reset(state.next(time.Now()))
	}
}

// alive reports whether the client gave a sign of life since it was asked last. One
// whose socket is not read for the moment cannot, nor can that of a stream.
func (c *connection) alive() bool {
	return c.stream != nil || c.paused.Load() || c.active.Swap(false) // in this order: see resume
}

func (c *connection) expireInit(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.server.config.KeepAlive)
	defer cancel()
	c.call(ctx, "expiring connection_init failed", func() error { return c.engine.ExpireInit(ctx, c.address) })
}

func (c *connection) keepAlive(ctx context.Context) {
	c.control(ws.OpPing, nil)
	ctx, cancel := context.WithTimeout(ctx, c.server.config.KeepAlive)
	defer cancel()
	c.call(ctx, "keepalive failed", func() error { return c.engine.KeepAlive(ctx, c.address) })
}

// control queues a ping or a pong. Where there is no room for it there is
// enough on the way already.
func (c *connection) control(code ws.OpCode, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if frame := (ports.Frame{Payload: payload}); !c.closing && c.fits(frame) {
		c.sendLocked(code, frame)
	}
}
