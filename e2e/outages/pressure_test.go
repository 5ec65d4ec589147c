//go:build e2e

package outages

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// limitExceeded is the answer of API Gateway to a post beyond the account's quota.
const limitExceeded = `{"message": "Rate exceeded", "__type": "LimitExceededException"}`

// refuseSome answers a part of all requests with 429.
func (d *door) refuseSome(percent int) {
	d.put(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rand.IntN(100) >= percent {
			d.forward.ServeHTTP(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Amzn-Errortype", "LimitExceededException")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, limitExceeded)
	}))
}

// delay has every request take a time longer.
func (d *door) delay(length time.Duration) {
	d.put(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(length):
			d.forward.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
}

// hangOne has the connection that is posted to next not answered any more, until open.
func (d *door) hangOne() {
	d.mu.Lock()
	opened := d.opened
	d.mu.Unlock()
	var mu sync.Mutex
	hung := ""
	d.put(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if hung == "" && strings.Contains(r.URL.Path, "/@connections/") {
			hung = r.URL.Path
		}
		mine := hung == r.URL.Path
		mu.Unlock()
		if !mine {
			d.forward.ServeHTTP(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-opened:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}))
}

// holdStream keeps what is published in the stream until open, so that it comes at once.
func (d *door) holdStream() {
	d.mu.Lock()
	opened := d.opened
	d.mu.Unlock()
	d.put(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetRecords") {
			select {
			case <-opened:
			case <-r.Context().Done():
				return
			}
		}
		d.forward.ServeHTTP(w, r)
	}))
}

// invoked says how often the function on the stream was invoked, and how often that failed.
func (c *cloud) invoked() string {
	total, failed := c.invocations.counts()
	return fmt.Sprintf("%d | %d", total, failed)
}

// TestRefusals: a part of all posts is refused for five seconds.
func TestRefusals(t *testing.T) {
	t.Parallel()
	length, subscribers := time.Second, 20
	if *full {
		length, subscribers = 5*time.Second, 100
	}
	for _, percent := range []int{30, 100} {
		t.Run(fmt.Sprintf("%d percent", percent), func(t *testing.T) {
			t.Parallel()
			c := startCloud(t, sharedDatabase(t), cloudOptions{})
			cell{
				row: fmt.Sprintf("%d %% of the posts are refused (429)", percent), length: length, table: "pressure", more: c.invoked,
				publisher: c.publisher, urls: []string{c.endpoint}, subscribers: subscribers,
				begin: func(*testing.T) func() {
					c.connections.refuseSome(percent)
					return c.connections.open
				},
			}.run(t)
		})
	}
}

// TestOneConnectionHangs: the others have every event while it does.
func TestOneConnectionHangs(t *testing.T) {
	t.Parallel()
	length, subscribers, timeout := 2*time.Second, 20, 8*time.Second
	if *full {
		length, subscribers, timeout = 60*time.Second, 150, 30*time.Second
	}
	c := startCloud(t, sharedDatabase(t), cloudOptions{timeout: timeout})
	cell{
		row: fmt.Sprintf("one connection hangs, timeout %v", timeout), length: length, table: "pressure", more: c.invoked,
		publisher: c.publisher, urls: []string{c.endpoint}, subscribers: subscribers,
		begin: func(*testing.T) func() {
			c.connections.hangOne()
			return c.connections.open
		},
		load: func(t *testing.T, c cell, audiences []*audience, end func()) {
			publishDuring(t, c, audiences, func() {})
			began := time.Now()
			for _, a := range audiences {
				last := int(a.published.Load())
				if !eventually(t.Context(), patience, func() bool { return a.lacking(last) <= 1 }) {
					t.Errorf("%d subscribers of %s wait for the one that hangs", a.lacking(last), a.topic)
				}
			}
			t.Logf("while it hangs, the others have everything %v after the last event", time.Since(began).Round(time.Millisecond))
			end()
		},
	}.run(t)
}

// lacking is how many subscribers have outstanding events.
func (a *audience) lacking(last int) (n int) {
	for _, s := range a.subscribers {
		if !s.settled(last) {
			n++
		}
	}
	return n
}

// TestBursts: many events at once to more subscribers than an invocation can reach.
func TestBursts(t *testing.T) {
	t.Parallel()
	events, takes := 30, 200*time.Millisecond // as long as what is full, in half as many posts
	if *full {
		events, takes = 60, 100*time.Millisecond
	}
	subscribers, pageSize, timeouts := 32, 16, []time.Duration{5 * time.Second}
	if *full {
		subscribers, pageSize, timeouts = 300, 100, []time.Duration{5 * time.Second, 8 * time.Second, 30 * time.Second}
	}
	for _, timeout := range timeouts {
		for _, bisect := range []bool{false, true} {
			t.Run(fmt.Sprintf("timeout %v, bisecting %v", timeout, bisect), func(t *testing.T) {
				t.Parallel()
				c := startCloud(t, sharedDatabase(t), cloudOptions{timeout: timeout, bisect: bisect, pageSize: pageSize})
				row := fmt.Sprintf("%d events at once, posts of %d ms, timeout %v", events, takes.Milliseconds(), timeout)
				if bisect {
					row += ", bisecting"
				}
				cell{
					row: row, table: "pressure", more: c.invoked,
					publisher: c.publisher, urls: []string{c.endpoint}, subscribers: subscribers,
					begin: func(*testing.T) func() {
						c.connections.delay(takes)
						c.database.holdStream()
						return c.database.open
					},
					load: func(t *testing.T, c cell, audiences []*audience, end func()) {
						for range events - 1 { // the last one comes when all have these under way
							for _, a := range audiences {
								c.publish(t, a)
							}
						}
						end()
					},
				}.run(t)
			})
		}
	}
}
