//go:build e2e

package resuming

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/e2e/internal/program"
)

const (
	room = "numbers"
	// patience is how long one step may take before it counts as stuck.
	patience = 3 * time.Minute
	// ahead is how many cuts a client may be behind of what is published.
	ahead = 2
)

// clients are those of docs/resuming.md that have a socket.
func clients() []string {
	return []string{"graphql-ws", "iterate", "apollo", "apollo-3", "urql", "relay", "hasura", "genqlient"}
}

// sizes are how many events pass, how often each client's socket is cut besides the ends
// of servers, and the seed of when: RESUMING_EVENTS and RESUMING_SEED. There is a cut for
// each ten events, up to 50.
func sizes(t *testing.T) (events, cuts int, seed uint64) {
	t.Helper()
	events, seed = 200, rand.Uint64()
	if text := os.Getenv("RESUMING_EVENTS"); text != "" {
		var err error
		if events, err = strconv.Atoi(text); err != nil {
			t.Fatalf("RESUMING_EVENTS: %v", err)
		}
	}
	if text := os.Getenv("RESUMING_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("RESUMING_SEED: %v", err)
		}
	}
	return events, min(events/10, 50), seed
}

// passage is events that pass while sockets are cut.
type passage struct {
	events  int
	cuts    int
	seed    uint64
	clients []*client
	publish func(ctx context.Context, text string) error
	// choose is the address of a server for a new connection.
	choose func() string
	// ends are things that happen to servers, each after its part of the events.
	ends []func()

	mu        sync.Mutex
	changed   chan struct{}
	published int
	done      map[*client]int // how many of its cuts have been made
}

// run has all events pass, and fails the test unless each client's user got each
// number once and in order. It prints what happened.
func (p *passage) run(t *testing.T) {
	t.Helper()
	p.events, p.cuts, p.seed = sizes(t)
	p.changed, p.done = make(chan struct{}), map[*client]int{}
	t.Logf("RESUMING_SEED=%d", p.seed)
	program.Require(t, "node", "Node.js 20 or later is missing; on Debian: apt-get install nodejs npm")
	goClients := program.BuildIn(t, "e2e/apigw/goclients", "resuming")
	for _, name := range clients() {
		p.clients = append(p.clients, startClient(t, name, goClients, p.choose))
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	for _, c := range p.clients {
		step, stop := context.WithTimeout(ctx, patience)
		if err := c.await(step, "its first result", func(s *seen) bool { return s.initial > 0 }); err != nil {
			t.Fatal(err)
		}
		stop()
	}
	began := time.Now()
	var running sync.WaitGroup
	task := func(do func(context.Context) error) {
		running.Go(func() {
			if err := do(ctx); err != nil {
				cancel(err)
			}
		})
	}
	for i, c := range p.clients {
		task(func(ctx context.Context) error { return p.cutAgainAndAgain(ctx, c, p.moments(uint64(i), p.cuts)) })
	}
	task(p.endServers)
	task(p.publishAll)
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		t.Errorf("%d events were published: %v", p.published, err)
	}
	p.judge(ctx, t, began)
}

// moments are the numbers of events after which something happens.
func (p *passage) moments(stream uint64, n int) []int {
	random := rand.New(rand.NewPCG(p.seed, stream))
	at := make([]int, n)
	for i := range at {
		at[i] = random.IntN(p.events)
	}
	slices.Sort(at)
	return at
}

// reach waits until so many events are published.
func (p *passage) reach(ctx context.Context, events int) error {
	return p.until(ctx, func() bool { return p.published >= events })
}

// until has no limit of its own: who waits for the others is not the one that is stuck.
func (p *passage) until(ctx context.Context, holds func() bool) error {
	for {
		p.mu.Lock()
		held, changed := holds(), p.changed
		p.mu.Unlock()
		if held {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (p *passage) change(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
	close(p.changed)
	p.changed = make(chan struct{})
}

// cutAgainAndAgain cuts a client's socket, from either side by turns that are random,
// whenever it has one.
func (p *passage) cutAgainAndAgain(ctx context.Context, c *client, moments []int) error {
	defer p.change(func() { p.done[c] = len(moments) })
	random := rand.New(rand.NewPCG(p.seed, uint64(len(c.name))))
	for i, at := range moments {
		p.change(func() { p.done[c] = i })
		if err := p.reach(ctx, at); err != nil {
			return err
		}
		step, stop := context.WithTimeout(ctx, patience)
		err := c.await(step, "a socket", func(s *seen) bool { return s.open })
		stop()
		if err != nil {
			return err
		}
		// Some are cut before they are subscribed again, others in the middle.
		time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
		if random.IntN(2) == 0 {
			c.proxy.cut()
		} else if err := c.destroy(); err != nil {
			return err
		}
		step, stop = context.WithTimeout(ctx, patience)
		err = c.await(step, "the end of its socket", func(s *seen) bool { return s.sockets > i+1 || !s.open })
		stop()
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *passage) endServers(ctx context.Context) error {
	for i, end := range p.ends {
		if err := p.reach(ctx, (i+1)*p.events/(len(p.ends)+1)); err != nil {
			return err
		}
		end()
	}
	return nil
}

// publishAll publishes the numbers, which go on while a client is away, for some time.
func (p *passage) publishAll(ctx context.Context) error {
	due := make([][]int, len(p.clients))
	for i := range due {
		due[i] = p.moments(uint64(i), p.cuts)
	}
	for n := 1; n <= p.events; n++ {
		waiting, cancel := context.WithTimeout(ctx, 2*patience)
		behind := ""
		err := p.until(waiting, func() bool {
			for i, c := range p.clients {
				if next := p.done[c] + ahead; next < p.cuts && due[i][next] < n-1 {
					behind = fmt.Sprintf("%s, after %d cuts", c.name, p.done[c])
					return false
				}
			}
			return true
		})
		cancel()
		if err != nil {
			err = fmt.Errorf("waiting for %s: %w", behind, err)
		} else {
			err = p.publish(ctx, strconv.Itoa(n))
		}
		if err != nil {
			return fmt.Errorf("publishing %d: %w", n, err)
		}
		p.change(func() { p.published = n })
	}
	return nil
}

// judge waits for the last number, and for nothing after it.
// Where the passage has failed, it waits for nothing.
func (p *passage) judge(ctx context.Context, t *testing.T, began time.Time) {
	t.Helper()
	var table strings.Builder
	for _, c := range p.clients {
		waiting, cancel := context.WithTimeout(ctx, patience)
		err := c.await(waiting, "the last number", func(s *seen) bool { return slices.Contains(s.numbers, p.events) })
		cancel()
		c.mu.Lock()
		s := &c.seen
		err = errors.Join(err, s.check(p.events))
		if s.initial != 1 {
			err = errors.Join(err, fmt.Errorf("%d initial results, want the first alone", s.initial))
		}
		if s.closes() < p.cuts {
			err = errors.Join(err, fmt.Errorf("its socket was closed %d times, want %d or more", s.closes(), p.cuts))
		}
		fmt.Fprintf(&table, "\n| %s | %d | %v | %d |", c.name, s.sockets, s.codes, len(s.numbers))
		if s.wire > 0 { // the clients in Go do not say
			fmt.Fprintf(&table, " %d | %d | %d |", s.wire, s.caughtUp, s.wire-len(s.numbers))
		}
		c.mu.Unlock()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	t.Logf("%d events in %v\n| client | sockets | closed with | numbers at the user | on the wire | from a history | repeats that the wrapper dropped |\n|---|--:|---|--:|--:|--:|--:|%s",
		p.events, time.Since(began).Round(time.Millisecond), &table)
}

// host is the address in a base URL.
func host(t *testing.T, base string) string {
	t.Helper()
	parsed, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Host
}

// TestOnTheServer: one long-lived server with everything in its memory.
func TestOnTheServer(t *testing.T) {
	t.Parallel()
	chat := program.Start(t, "examples/chat", "-addr", "127.0.0.1:0")
	address := host(t, chat.Base)
	p := &passage{
		publish: func(ctx context.Context, text string) error { return program.Publish(ctx, chat.Base, room, text) },
		choose:  func() string { return address },
	}
	p.run(t)
}

// TestOnTheGateway: the compiled functions behind a local API Gateway, which ends each
// connection after a while, on DynamoDB Local.
func TestOnTheGateway(t *testing.T) {
	t.Parallel()
	function := program.Build(t, "examples/chat/lambda/dynamodb", "-tags=lambda.norpc")
	chat := program.Start(t, "examples/chat/lambda/local", "-addr", "127.0.0.1:0", "-lifetime", "1s", "-program", function)
	address := host(t, chat.Base)
	p := &passage{
		publish: func(ctx context.Context, text string) error { return program.Publish(ctx, chat.Base, room, text) },
		choose:  func() string { return address },
	}
	p.run(t)
}
