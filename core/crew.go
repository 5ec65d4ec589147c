package core

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// slowTask takes longer than any task does that waits for nothing.
	slowTask = time.Millisecond
	// slowFor is how long slow tasks are remembered.
	slowFor = time.Second
)

// crew does tasks in parallel. Where they only take processor time, as pushes to
// local sockets do, it has a worker for each processor: more would be in each
// other's way. As soon as one takes so long that it must have waited for
// something, it has as many workers as there may be.
type crew struct {
	most int
	// slowUntil is until when tasks are expected to be slow, in Unix nanoseconds.
	slowUntil atomic.Int64
}

func newCrew(most int) *crew { return &crew{most: most} }

// work does the tasks 0 to n-1 and returns when all are done. It may be called
// concurrently.
func (c *crew) work(n int, task func(int)) {
	all := min(c.most, n)
	if all == 1 {
		for i := range n {
			task(i)
		}
		return
	}
	first := all
	if time.Now().UnixNano() >= c.slowUntil.Load() {
		first = min(all, runtime.GOMAXPROCS(0))
	}
	g := gang{n: int64(n), task: task, late: all - first}
	g.start(c, first)
	g.done.Wait()
}

// gang is the workers on one call's tasks.
type gang struct {
	n    int64
	task func(int)
	late int // workers who come when a task was slow

	next atomic.Int64
	slow atomic.Bool
	done sync.WaitGroup
}

func (g *gang) start(c *crew, workers int) {
	for range workers {
		g.done.Go(func() { g.work(c) })
	}
}

func (g *gang) work(c *crew) {
	before := time.Now()
	for i := g.next.Add(1) - 1; i < g.n; i = g.next.Add(1) - 1 {
		g.task(int(i))
		now := time.Now()
		if now.Sub(before) > slowTask {
			c.slowUntil.Store(now.Add(slowFor).UnixNano())
			if !g.slow.Swap(true) {
				g.start(c, g.late)
			}
		}
		before = now
	}
}
