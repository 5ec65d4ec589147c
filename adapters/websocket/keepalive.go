package websocket

import (
	"context"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/ports"
)

// clock is what a connection's timer has done so far.
type clock struct {
	initOver bool // InitTimeout has passed, or there is none
	pinged   bool
}

// startClock sets the connection's one timer: InitTimeout first, then KeepAlive
// again and again, until close puts CloseTimeout in its place. The caller
// holds mu.
func (c *connection) startClock(ctx context.Context) {
	config := &c.server.config
	state := &clock{initOver: config.InitTimeout < 0}
	first := config.InitTimeout
	if state.initOver {
		first = config.KeepAlive
	}
	if first > 0 {
		c.timer = time.AfterFunc(first, func() { c.tick(ctx, state) })
	}
}

func (c *connection) tick(ctx context.Context, state *clock) {
	if !c.start() {
		return
	}
	defer c.server.running.Done()
	switch {
	case !state.initOver:
		state.initOver = true
		c.call(ctx, "expiring connection_init failed", func() error { return c.engine.ExpireInit(ctx, c.address) })
	case state.pinged && !c.alive():
		c.terminate()
	default:
		state.pinged = true
		c.keepAlive(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if interval := c.server.config.KeepAlive; interval > 0 && !c.closing {
		c.timer.Reset(interval)
	}
}

// alive says whether the client gave a sign of life since the latest ping. One
// whose socket is not read for the moment cannot.
func (c *connection) alive() bool {
	return c.paused.Load() || c.heard.Swap(false) // in this order: see resume
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
