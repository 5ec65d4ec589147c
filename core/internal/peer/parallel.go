package peer

import (
	"sync"
	"sync/atomic"
)

// InParallel calls do for every item, in their order, for several at a time. A worker
// starts the next one before its first item, and the caller is the first worker: where
// no call blocks, there are about as many as processors, and not one for each of the
// first items.
func InParallel[T any](most int, items []T, do func(T)) {
	var next, started atomic.Int64
	var done sync.WaitGroup
	var work func()
	work = func() {
		i := next.Add(1) - 1
		if i+1 < int64(len(items)) && started.Add(1) < int64(most) {
			done.Go(work)
		}
		for ; i < int64(len(items)); i = next.Add(1) - 1 {
			do(items[i])
		}
	}
	work()
	done.Wait()
}
