package fanqltest

import (
	"sync"
	"time"
)

// clock gives every reading a time of its own. The engine tells messages apart by
// when they were received, and a bubble's clock, or a fixed one, stands still.
type clock struct {
	source func() time.Time

	mu   sync.Mutex
	last time.Time
}

// now is the source's time or, where that has not moved, a nanosecond after the
// reading before.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.source()
	if !now.After(c.last) {
		now = c.last.Add(1)
	}
	c.last = now
	return now
}
