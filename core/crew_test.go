package core

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestCrewDoesEveryTaskOnce(t *testing.T) {
	for _, n := range []int{0, 1, 2, 63, 1000} {
		done := make([]atomic.Int64, n)
		newCrew(64).work(n, func(i int) { done[i].Add(1) })
		for i := range done {
			if times := done[i].Load(); times != 1 {
				t.Errorf("of %d tasks the one %d was done %d times", n, i, times)
			}
		}
	}
}

// Ten tasks that wait for a second each: the first ones show it, and all others
// are done at the same time; the next call knows from the beginning.
func TestCrewGrowsWhenTasksWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, began := newCrew(10), time.Now()
		sleep := func(int) { <-time.After(500 * time.Millisecond) }
		c.work(10, sleep)
		if took, want := time.Since(began), time.Second; took != want {
			t.Errorf("took %v, want %v", took, want)
		}
		began = time.Now()
		c.work(10, sleep)
		if took, want := time.Since(began), 500*time.Millisecond; took != want {
			t.Errorf("then it took %v, want %v", took, want)
		}
	})
}

func TestCrewIsSmallWhileTasksDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // whose time stands still meanwhile
		var mu sync.Mutex
		now, most := 0, 0
		newCrew(64).work(1000, func(int) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			now--
			mu.Unlock()
		})
		if most > runtime.GOMAXPROCS(0) {
			t.Errorf("%d tasks at a time", most)
		}
	})
}
