//go:build e2e

package outages

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanql/fanql/core"
)

// cell is one outage of one length, seen by the subscribers of a topic without a
// history and those of one with.
type cell struct {
	row    string // of docs/outages.md
	length time.Duration
	// publisher publishes; what fails it is asked to publish again.
	publisher *core.Publisher
	// urls are where clients connect to, spread evenly.
	urls []string
	// subscribers is how many each of the topics has. Default: 10.
	subscribers int
	// begin begins the outage; what it returns ends it.
	begin func(t *testing.T) (end func())
	// load publishes to all, and ends the outage. Default: publishDuring.
	load func(t *testing.T, c cell, audiences []*audience, end func())
	// table is the one of docs/outages.md that the row belongs to. Default: outages.
	table string
	// more is what else the row says; nil for nothing.
	more func() string
	// lost allows for events that were acknowledged and are gone: Redis replicates
	// asynchronously. A subscriber who lacks what all others of its topic lack as well
	// is none who lacks an event in silence.
	lost bool
	// mayEnd says that an outage of this length ends subscriptions with a history, and why.
	mayEnd string
}

// audience is the subscribers of one topic.
type audience struct {
	topic       string
	subscribers []*subscriber
	published   atomic.Int64 // the last number that was acknowledged
}

// tally is what became of an audience.
type tally struct {
	subscribers, ended, caughtUp, repeated, repeats, silent int
	// after is how long it took from the end of the outage until nothing was outstanding.
	after time.Duration
}

// run runs the cell. Each subscriber has to have everything, or to know that it has not.
func (c cell) run(t *testing.T) {
	t.Helper()
	audiences := []*audience{{topic: "plain"}, {topic: "kept"}}
	for _, a := range audiences {
		for i := range cmp.Or(c.subscribers, 10) {
			a.subscribers = append(a.subscribers, dial(t, c.urls[i%len(c.urls)], a.topic))
		}
	}
	for _, a := range audiences {
		a.await(t, "a subscription in place", (*subscriber).isInPlace)
		c.publish(t, a)
		a.await(t, "the first event", func(s *subscriber) bool { return s.has(1) })
	}
	end := c.begin(t)
	if c.load == nil {
		c.load = publishDuring
	}
	c.load(t, c, audiences, end)
	ended := time.Now()
	var done sync.WaitGroup
	tallies := make([]tally, len(audiences))
	for i, a := range audiences {
		done.Go(func() {
			c.publish(t, a)
			tallies[i] = c.count(t, a, ended)
		})
	}
	done.Wait()
	for i, a := range audiences {
		c.judge(t, a, tallies[i])
	}
}

// publishDuring publishes to all while the outage lasts, and ends it.
func publishDuring(t *testing.T, c cell, audiences []*audience, end func()) {
	t.Helper()
	over := time.NewTimer(c.length)
	defer over.Stop()
	stop := make(chan struct{})
	var publishing sync.WaitGroup
	for _, a := range audiences {
		publishing.Go(func() {
			pace := time.NewTicker(max(c.length/10, 20*time.Millisecond))
			defer pace.Stop()
			for {
				c.publish(t, a)
				select {
				case <-pace.C:
				case <-stop:
					return
				}
			}
		})
	}
	<-over.C
	end()
	close(stop)
	publishing.Wait()
}

// publish publishes the next number until it is acknowledged.
func (c cell) publish(t *testing.T, a *audience) {
	n := int(a.published.Load()) + 1
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		attempt, stop := context.WithTimeout(ctx, 5*time.Second)
		err := c.publisher.Publish(attempt, topicOf(a.topic).Event(n))
		stop()
		if err == nil {
			a.published.Store(int64(n))
			return
		}
		select {
		case <-time.After(20 * time.Millisecond): // as a program would that has to publish it
		case <-ctx.Done():
			t.Errorf("publishing event %d on %s: %v", n, a.topic, err)
			return
		}
	}
}

// await waits for all subscribers.
func (a *audience) await(t *testing.T, what string, holds func(*subscriber) bool) {
	t.Helper()
	for i, s := range a.subscribers {
		if !eventually(t.Context(), patience, func() bool { return holds(s) }) {
			t.Fatalf("subscriber %d of %s does not have %s; its end is %q", i, a.topic, what, s.end)
		}
	}
}

// count waits until nothing is outstanding, and counts.
func (c cell) count(t *testing.T, a *audience, ended time.Time) tally {
	last := int(a.published.Load())
	all := func() bool {
		for _, s := range a.subscribers {
			if !s.settled(last) {
				return false
			}
		}
		return true
	}
	// While more comes, nobody is stuck, however slow the machine is.
	for before := -1; !eventually(t.Context(), patience+2*c.length, all) && a.latest() > before; {
		before = a.latest()
	}
	lost := map[int]bool{}
	if c.lost {
		lost = a.nobodyHas(last)
	}
	if len(lost) > 0 {
		t.Logf("%s, %v: of the topic %s Redis lost %d events that it had acknowledged", c.row, c.length, a.topic, len(lost))
	}
	sum := tally{subscribers: len(a.subscribers), after: time.Since(ended)}
	for i, s := range a.subscribers {
		s.mu.Lock()
		latest, repeats, missing := follow(s.numbers, lost)
		switch {
		case s.end != "":
			sum.ended++
		case latest >= last:
			sum.caughtUp++
		default:
			sum.silent++
			t.Logf("%s, %v: subscriber %d of %s has %d of %d, and got %v", c.row, c.length, i, a.topic, latest, last, s.numbers)
		}
		if missing != "" {
			t.Errorf("%s, %v: subscriber %d of %s got %s", c.row, c.length, i, a.topic, missing)
		}
		if repeats > 0 {
			sum.repeated++
		}
		if repeats > last {
			t.Logf("%s, %v: subscriber %d of %s got %d repeats: %v", c.row, c.length, i, a.topic, repeats, s.numbers)
		}
		sum.repeats += repeats
		s.mu.Unlock()
	}
	return sum
}

// latest is the sum of what the subscribers have without a gap.
func (a *audience) latest() (sum int) {
	for _, s := range a.subscribers {
		s.mu.Lock()
		latest, _, _ := follow(s.numbers, nil)
		s.mu.Unlock()
		sum += latest
	}
	return sum
}

// nobodyHas are the numbers that no subscriber got.
func (a *audience) nobodyHas(last int) map[int]bool {
	lost := map[int]bool{}
	for n := range last {
		lost[n+1] = true
	}
	for _, s := range a.subscribers {
		s.mu.Lock()
		for _, n := range s.numbers {
			delete(lost, n)
		}
		s.mu.Unlock()
	}
	return lost
}

// judge fails the test where somebody is silent, and writes the row.
func (c cell) judge(t *testing.T, a *audience, got tally) {
	t.Helper()
	if got.silent > 0 {
		t.Errorf("%s, %v: %d of %d subscribers of the topic %s lack events in silence", c.row, c.length, got.silent, got.subscribers, a.topic)
	}
	if a.topic == "kept" && got.ended > 0 && c.mayEnd == "" {
		t.Errorf("%s, %v: %d of %d subscriptions of a topic with a history were ended: %s", c.row, c.length, got.ended, got.subscribers, a.ends())
	}
	row := fmt.Sprintf("| %s | %v | %s | %d | %d | %d | %d | %d | %d | %.1f s |", c.row, c.length, a.topic,
		a.published.Load(), got.subscribers, got.silent, got.ended, got.caughtUp, got.repeats, got.after.Seconds())
	if c.more != nil {
		row += " " + c.more() + " |"
	}
	t.Log(row)
	if err := record(cmp.Or(c.table, "outages"), row); err != nil {
		t.Error(err)
	}
}

// ends are why subscriptions ended.
func (a *audience) ends() string {
	for _, s := range a.subscribers {
		s.mu.Lock()
		end := s.end
		s.mu.Unlock()
		if end != "" {
			return end
		}
	}
	return ""
}

// record appends a row to a table of the report.
func record(table, row string) error {
	if *report == "" {
		return nil
	}
	file, err := os.OpenFile(filepath.Join(*report, table+".md"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(file, row); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}
