package delivery

import (
	"errors"
	"sync"
)

// collection is what several goroutines find.
type collection[T any] struct {
	mu    sync.Mutex
	items []T
	err   error
}

func (c *collection[T]) add(item T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items = append(c.items, item)
}

func (c *collection[T]) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = errors.Join(c.err, err)
}
