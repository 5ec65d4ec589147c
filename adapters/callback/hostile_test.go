package callback_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/callback"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

var full = flag.Bool("callback.full", false, "ten thousand dead callbacks, for docs/performance.md")

// What counts is the address that is dialed, not the name: this one is allowed, and
// resolves to an address that is not public.
func TestNamesOfPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for _, listed := range []bool{false, true} {
		t.Run(fmt.Sprint(listed), func(t *testing.T) {
			t.Parallel()
			r := newRouter(t)
			local := strings.Replace(r.server.URL, "127.0.0.1", "localhost", 1) + "/callback"
			newSubgraph(t, r, func(c *callback.Config, _ *core.Config) {
				c.Allow = []string{local}
				if listed {
					c.PrivateAddresses = append(loopback(), netip.MustParsePrefix("::1/128"))
				}
			})
			sub := r.register("a")
			extension := r.subscription(sub, 0)
			extension["callbackUrl"] = local + "/a"
			status, answer := r.ask(`subscription { number }`, extension)
			if listed && (status != http.StatusOK || len(sub.posts) != 1) || !listed && (status != http.StatusBadRequest || len(sub.posts) != 0) {
				t.Errorf("got %d %s, and %d posts", status, answer, len(sub.posts))
			}
		})
	}
}

// Nothing is posted for who is refused by OnConnect: strangers cannot have this side
// post anything anywhere.
func TestStrangersCausePosts(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	newSubgraph(t, r, func(_ *callback.Config, c *core.Config) {
		c.Hooks.OnConnect = refuse
	})
	sub := r.register("a")
	if status, answer := r.ask(`subscription { number }`, r.subscription(sub, 0)); status != http.StatusForbidden || len(sub.posts) != 0 {
		t.Errorf("got %d %s, and %d posts", status, answer, len(sub.posts))
	}
}

// An answer that does not end, or whose header is endless, holds up nobody: not the
// others, and its own subscription only until it counts as gone.
func TestEndlessAnswers(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request, p post){
		"a body that never ends": func(w http.ResponseWriter, r *http.Request, _ post) {
			w.WriteHeader(http.StatusOK)
			for r.Context().Err() == nil {
				_, _ = w.Write(make([]byte, 1))
				w.(http.Flusher).Flush()
				time.Sleep(time.Millisecond)
			}
		},
		"a body without bound": func(w http.ResponseWriter, r *http.Request, _ post) {
			for r.Context().Err() == nil {
				_, _ = w.Write(make([]byte, 1<<20))
			}
		},
		"a header of a megabyte": func(w http.ResponseWriter, _ *http.Request, _ post) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
			w.WriteHeader(http.StatusOK)
		},
		"no answer": func(_ http.ResponseWriter, r *http.Request, _ post) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRouter(t)
			s := newSubgraph(t, r, func(c *callback.Config, _ *core.Config) {
				c.GiveUp = time.Second
			})
			bad, good := r.subscribe("bad", `subscription { number }`), r.subscribe("good", `subscription { number }`)
			bad.answer, bad.endless = answer, true
			for i := range 5 {
				s.publish(i)
			}
			taken := map[string]bool{}
			for !taken[`next {"data":{"number":4}}`] { // an event may come again
				taken[r.take(good)] = true
			}
			if len(taken) != 5 {
				t.Errorf("the other one got %v", taken)
			}
			if strings.HasPrefix(name, "a body") {
				return // its status was a success
			}
			for i := 5; s.listed() == 2; i++ {
				s.publish(i)
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
}

// TestDeadCallbacks measures how long results take to the live callbacks beside many
// dead ones, on the topic of those, and on another one. With -callback.full it prints
// the table of docs/callbacks.md.
func TestDeadCallbacks(t *testing.T) {
	t.Parallel()
	dead, live, length, together := 100, 20, 2*time.Second, 4
	if *full {
		dead, live, length, together = 10_000, 100, 40*time.Second, 1
	}
	turns := make(chan struct{}, together)
	for _, kind := range []struct {
		name string
		die  func(r *router, host *httptest.Server)
		// answer is that of the dead ones, if their host lives.
		answer func(w http.ResponseWriter, r *http.Request, p post)
	}{
		{"gone (404)", nil, func(w http.ResponseWriter, _ *http.Request, _ post) { w.WriteHeader(http.StatusNotFound) }},
		{"their host refuses connections", func(_ *router, host *httptest.Server) { host.Close() }, nil},
		{"their host takes connections and does not answer", nil, nil},
		{"their host is that of the live ones, and answers 500", nil, func(w http.ResponseWriter, _ *http.Request, _ post) { w.WriteHeader(http.StatusInternalServerError) }},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			turns <- struct{}{}
			defer func() { <-turns }()
			r, graves := newRouter(t), newRouter(t)
			s := newSubgraph(t, r, func(c *callback.Config, _ *core.Config) {
				c.Allow = append(c.Allow, graves.server.URL+"/callback")
				if !*full {
					c.Timeout, c.GiveUp = 3*time.Second, 2*time.Second
				}
			})
			graves.subgraph = r.subgraph
			host := graves
			if strings.Contains(kind.name, "of the live ones") {
				host = r
			}
			var burying sync.WaitGroup
			slots := make(chan struct{}, 16)
			for i := range dead {
				slots <- struct{}{}
				burying.Go(func() {
					defer func() { <-slots }()
					sub := host.register(fmt.Sprintf("dead%d", i))
					if status, answer := host.ask(`subscription { number }`, host.subscription(sub, 0)); status != 200 {
						t.Errorf("%d %s", status, answer)
					}
					<-sub.posts
					sub.answer = kind.answer
					if kind.answer == nil {
						sub.answer = func(_ http.ResponseWriter, r *http.Request, _ post) { <-r.Context().Done() }
					}
				})
			}
			burying.Wait()
			same, other := newArrivals(), newArrivals()
			for i := range live {
				same.watch(r.subscribe(fmt.Sprintf("live%d", i), `subscription { number }`))
				other.watch(r.subscribe(fmt.Sprintf("other%d", i), `subscription { other }`))
			}
			if kind.die != nil {
				kind.die(r, graves.server)
			}
			began := time.Now()
			events := 0
			for ; time.Since(began) < length; events++ {
				s.publish(events)
				if err := s.engine.Publish(t.Context(), core.NewTopic[int]("other").Event(events)); err != nil {
					t.Fatal(err)
				}
				same.publishedNow(events)
				other.publishedNow(events)
				time.Sleep(100 * time.Millisecond)
			}
			eventually(t, "every live one has every event", func() bool { return same.first(live) == events && other.first(live) == events })
			t.Logf("%d dead, %s: the same topic %s; another topic %s; %d subscriptions are left",
				dead, kind.name, same.summary(live), other.summary(live), s.listed())
		})
	}
}

// arrivals are when results have come to live callbacks.
type arrivals struct {
	mu        sync.Mutex
	published map[int]time.Time
	came      map[int][]time.Time
	repeats   atomic.Int64
}

func newArrivals() *arrivals {
	return &arrivals{published: map[int]time.Time{}, came: map[int][]time.Time{}}
}

func (a *arrivals) publishedNow(event int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.published[event] = time.Now()
}

// watch takes note of what comes.
func (a *arrivals) watch(sub *routed) {
	seen := map[int]bool{}
	sub.answer = func(w http.ResponseWriter, _ *http.Request, p post) {
		now := time.Now()
		var event int
		_, err := fmt.Sscanf(string(p.Payload[strings.LastIndexByte(string(p.Payload), ':')+1:]), "%d", &event)
		a.mu.Lock()
		if err == nil && !seen[event] {
			a.came[event] = append(a.came[event], now)
		} else {
			a.repeats.Add(1)
		}
		seen[event] = true
		a.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}
}

// first is how many events have come to so many callbacks.
func (a *arrivals) first(callbacks int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	count := 0
	for _, came := range a.came {
		if len(came) == callbacks {
			count++
		}
	}
	return count
}

// summary is the distribution of how long results took, of the first ten seconds and
// after.
func (a *arrivals) summary(int) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var early, late []time.Duration
	for event, came := range a.came {
		for _, at := range came {
			took := max(at.Sub(a.published[event]), 0)
			if a.published[event].Sub(a.published[0]) < 12*time.Second {
				early = append(early, took)
			} else {
				late = append(late, took)
			}
		}
	}
	percentiles := func(all []time.Duration) string {
		if len(all) == 0 {
			return "none"
		}
		slices.Sort(all)
		at := func(p int) time.Duration { return all[(len(all)-1)*p/100].Round(10 * time.Microsecond) }
		return fmt.Sprintf("p50 %v p99 %v max %v", at(50), at(99), at(100))
	}
	return fmt.Sprintf("(first 12 s: %s; after: %s; %d repeats)", percentiles(early), percentiles(late), a.repeats.Load())
}

func refuse(context.Context, ports.Handshake) (core.Session, error) {
	return core.Session{}, core.Public("no")
}
