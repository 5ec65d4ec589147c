package websocket

import (
	"context"
	"time"
)

// pace is how far ahead of its FramesPerSecond a client is: it has used up the
// time until then.
type pace struct{ until time.Time }

// next counts a frame that comes now and returns how long the client has to
// wait for the one after it.
func (p *pace) next(now time.Time, perSecond int) time.Duration {
	if p.until.Before(now) {
		p.until = now
	}
	p.until = p.until.Add(time.Second / time.Duration(perSecond))
	return p.until.Sub(now) - time.Second
}

// keepPace counts a frame. A client that sends them too fast is not read for a
// while.
func (c *connection) keepPace(ctx context.Context) error {
	ahead := c.pace.next(time.Now(), c.server.config.FramesPerSecond)
	if ahead <= 0 {
		return nil
	}
	defer c.pause()()
	select {
	case <-time.After(ahead):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pause says that the socket is not read until the function that it returns is
// called.
func (c *connection) pause() (resume func()) {
	c.paused.Store(true)
	return c.resume
}

func (c *connection) resume() {
	c.active.Store(true) // what came meanwhile is yet to be read
	c.paused.Store(false)
}
