//go:build e2e

package hostile

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// span is a time between two instants.
type span struct{ from, to time.Time }

func (s span) duration() time.Duration { return s.to.Sub(s.from) }

// percentiles are durations, the shortest first.
type percentiles []time.Duration

func sorted(spans []span, measure func(span) time.Duration) percentiles {
	all := make(percentiles, len(spans))
	for i, s := range spans {
		all[i] = measure(s)
	}
	slices.Sort(all)
	return all
}

func (p percentiles) at(share float64) time.Duration {
	if len(p) == 0 {
		return 0
	}
	return p[int(share*float64(len(p)-1))].Round(10 * time.Microsecond)
}

func (p percentiles) String() string {
	return fmt.Sprintf("p50 %v, p99 %v, longest %v", p.at(.5), p.at(.99), p.at(1))
}

// meter notes how much of the processors a process has had. What a client waits for is
// measured by it, since that does not grow with what else the machine does.
type meter struct {
	mu    sync.Mutex
	times []time.Time
	had   []time.Duration
}

// startMeter reads it every 10 ms, which is as fine as the system counts, until the test
// has ended.
func startMeter(t *testing.T, process int) *meter {
	m := new(meter)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for wait(ctx, 10*time.Millisecond) {
			if had, err := processorTime(process); err == nil { // the process may have ended
				m.note(time.Now(), had)
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return m
}

func (m *meter) note(now time.Time, had time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.times, m.had = append(m.times, now), append(m.had, had)
}

// used is how much the process had in a span, which begins and ends between two readings.
func (m *meter) used(s span) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.until(s.to) - m.until(s.from)
}

func (m *meter) until(t time.Time) time.Duration {
	i, found := slices.BinarySearchFunc(m.times, t, time.Time.Compare)
	switch {
	case len(m.times) == 0:
		return 0
	case found || i == 0:
		return m.had[i]
	case i == len(m.times):
		return m.had[i-1]
	}
	between, passed := m.times[i].Sub(m.times[i-1]), t.Sub(m.times[i-1])
	return m.had[i-1] + time.Duration(float64(m.had[i]-m.had[i-1])*float64(passed)/float64(between))
}

// processorTime is what all threads of a process have had of the processors (proc(5):
// utime and stime of /proc/pid/stat, in ticks of 10 ms).
func processorTime(process int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(stat, []byte(") ")) // the name of the program may have spaces
	fields := bytes.Fields(rest)
	const utime, stime = 14 - 3, 15 - 3 // the third field is the first of the rest
	var ticks int64
	for _, field := range [][]byte{fields[utime], fields[stime]} {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
