//go:build e2e

package lambda

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// openMany opens sockets that subscribe to a room with the operation ID "1", a
// few at a time. They are cut at the end of the test.
func (c *cloud) openMany(t *testing.T, n int, room string) []*socket {
	t.Helper()
	const atATime = 16
	sockets, errs := make([]*socket, n), make([]error, n)
	var opening sync.WaitGroup
	for worker := range atATime {
		opening.Go(func() {
			for i := worker; i < n; i += atATime {
				if sockets[i], errs[i] = c.open(t.Context(), modern); errs[i] == nil {
					errs[i] = sockets[i].subscribed(t.Context(), "1", room)
				}
			}
		})
	}
	opening.Wait()
	t.Cleanup(func() {
		for _, s := range sockets {
			if s != nil {
				_ = s.cut()
			}
		}
	})
	for _, err := range errs {
		if err != nil {
			t.Fatalf("opening %d sockets: %v", n, err)
		}
	}
	return sockets
}

// TestCrowd: 100 subscribers of one topic get 50 events in order, and a batch of events
// costs one listing. An event comes again where a post had no answer in time, which is
// seldom: less than one in ten. CROWD has other numbers: 1000x100 in make soak.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const room = "crowd"
	subscribers, events := 100, 50
	if crowd := os.Getenv("CROWD"); crowd != "" {
		if _, err := fmt.Sscanf(crowd, "%dx%d", &subscribers, &events); err != nil || subscribers < 1 || events < 1 {
			t.Fatalf("CROWD=%q: want subscribers and events, as 1000x100", crowd)
		}
	}
	// Without $disconnect, so that the end is not as many invocations.
	c := startCloud(t, "-no-disconnect")
	began := time.Now()
	sockets := c.openMany(t, subscribers, room)
	t.Logf("%d clients subscribed in %v", subscribers, time.Since(began).Round(time.Millisecond))

	began = time.Now()
	var want []string
	for n := range events {
		want = append(want, fmt.Sprintf("event %d", n))
		c.mustPublish(t, room, want[n])
	}
	published := time.Since(began)
	awaitAll(t, sockets, want[events-1])
	delivered := time.Since(began)

	// Repeats would come after an event that was published after them all.
	c.mustPublish(t, room, "the end")
	awaitAll(t, sockets, "the end")
	want = append(want, "the end")
	repeats := 0
	for i, s := range sockets {
		texts := s.texts("1")
		got := firsts(texts)
		repeats += len(texts) - len(got)
		if !slices.Equal(got, want) {
			t.Fatalf("subscriber %d got %d messages %q", i, len(texts), texts)
		}
	}
	if repeats > subscribers*events/10 {
		t.Errorf("%d repeats of %d results", repeats, subscribers*events)
	}
	t.Logf("%d events published in %v and delivered to all, with %d repeats, in %v: %.0f pushes a second",
		events, published.Round(time.Millisecond), repeats, delivered.Round(time.Millisecond), float64(subscribers*events)/delivered.Seconds())
	checkListings(t, c, room, len(want))
}

// firsts are the texts without those that came before.
func firsts(texts []string) []string {
	var all []string
	for _, text := range texts {
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

func awaitAll(t *testing.T, sockets []*socket, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for i, s := range sockets {
		if _, err := s.await(ctx, func(f frame) bool { return f.text == text }); err != nil {
			t.Fatalf("subscriber %d: waiting for %q: %v", i, text, err)
		}
	}
}

// checkListings holds the queries of a topic, whose subscribers fit one page of
// 1 MB, to the budget: one for a batch of events, and never more than events.
func checkListings(t *testing.T, c *cloud, room string, events int) {
	t.Helper()
	topic := "room/" + room
	batches := c.proxy.count(func(r call) bool { return r.action == "Query" && r.topic == topic && !r.continued })
	pages := c.proxy.count(func(r call) bool { return r.action == "Query" && r.topic == topic && r.continued })
	if batches < 1 || batches > events || pages > 0 {
		t.Errorf("%d events cost %d listings with %d further pages", events, batches, pages)
	}
	t.Logf("%d events came in %d batches, each with 1 query: %.2f queries an event", events, batches, float64(batches)/float64(events))
}
