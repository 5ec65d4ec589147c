package local

import "time"

func (c *connection) stopTimers() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle.Stop()
	c.life.Stop()
}

// active notes a frame of the client's.
func (c *connection) active() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.activeLocked()
}

func (c *connection) activeLocked() {
	c.lastActive = c.gateway.config.Now()
	if c.idle != nil && !c.closed {
		c.idle.Reset(c.gateway.config.IdleTimeout)
	}
}

func (c *connection) activity() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastActive
}
