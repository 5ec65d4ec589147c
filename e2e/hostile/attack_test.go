//go:build e2e

package hostile

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// addressVariable tells the attackers where the server is.
const addressVariable = "HOSTILE_ADDRESS"

// attacker is one hostile client. Its attack lasts until the server has enough
// of it, or ctx ends; then it begins again.
type attacker struct {
	machine int
	address string
	done    *atomic.Int64 // messages, frames or connections, as the attack counts
}

type kind struct {
	name    string
	clients int
	attack  func(*attacker, context.Context) error
}

// kinds are 50 hostile clients.
func kinds() []kind {
	return []kind{
		{"oversized messages", 2, (*attacker).oversized},
		{"oversized messages in fragments", 2, (*attacker).fragments},
		{"empty fragments", 2, (*attacker).emptyFragments},
		{"slow readers of the busy topic", 2, (*attacker).slowReader},
		{"slow readers of large results", 2, (*attacker).slowResults},
		{"connection_init floods", 2, (*attacker).initFlood},
		{"sockets without connection_init", 2, (*attacker).silent},
		{"subscribe and drop", 3, (*attacker).subscribeAndDrop},
		{"subscribe and complete", 2, (*attacker).churn},
		{"deep queries", 2, (*attacker).deep},
		{"wide queries", 2, (*attacker).wide},
		{"fragments that multiply", 2, (*attacker).multiply},
		{"expensive queries", 3, (*attacker).expensive},
		{"10,000 operations", 2, (*attacker).operations},
		{"garbage", 2, (*attacker).garbage},
		{"ping floods", 2, (*attacker).pings},
		{"ping floods, pongs not read", 2, (*attacker).deafPings},
		{"half-open handshakes", 2, (*attacker).halfOpen},
		{"huge headers", 2, (*attacker).headers},
		{"operations that hang", 3, (*attacker).hang},
		{"messages byte by byte", 2, (*attacker).dribble},
		{"conflicting documents", 3, (*attacker).conflicts},
		{"introspection", 2, (*attacker).introspection},
	}
}

// attack is the attackers' process. It prints a line once each kind is under way, and in
// the end what each did.
func attack(kinds []kind) error {
	ctx, cancel := untilTold()
	defer cancel()
	var running sync.WaitGroup
	counts := map[string]*atomic.Int64{}
	machine := 0
	for _, kind := range kinds {
		counts[kind.name] = new(atomic.Int64)
		for range kind.clients {
			machine++
			a := &attacker{machine: machine, address: os.Getenv(addressVariable), done: counts[kind.name]}
			running.Go(func() { a.run(ctx, kind.attack) })
		}
	}
	for ctx.Err() == nil && slices.ContainsFunc(slices.Collect(maps.Values(counts)), func(c *atomic.Int64) bool { return c.Load() == 0 }) {
		wait(ctx, 10*time.Millisecond)
	}
	fmt.Println("under way")
	running.Wait()
	done := map[string]int64{}
	for name, count := range counts {
		done[name] = count.Load()
	}
	return json.NewEncoder(os.Stdout).Encode(done)
}

func (a *attacker) run(ctx context.Context, attack func(*attacker, context.Context) error) {
	for ctx.Err() == nil {
		round, end := context.WithCancel(ctx)
		_ = attack(a, round) // it ends when the server does not let it go on
		end()
	}
}

// flood repeats a step until it fails.
func (a *attacker) flood(step func(n int) error) error {
	for n := 0; ; n++ {
		if err := step(n); err != nil {
			return err
		}
		a.done.Add(1)
	}
}

// floodReady repeats a step on a connection that is initialized and whose
// answers are read.
func (a *attacker) floodReady(ctx context.Context, step func(s *socket, n int) error) error {
	s, err := openReady(ctx, a.machine, a.address)
	if err != nil {
		return err
	}
	var reading sync.WaitGroup
	reading.Go(s.ignore)
	defer reading.Wait()
	defer func() { _ = s.Close() }()
	return a.flood(func(n int) error { return step(s, n) })
}

func (a *attacker) oversized(ctx context.Context) error {
	payload := []byte(strings.Repeat("x", 1<<20))
	return a.floodReady(ctx, func(s *socket, _ int) error { return s.frame(ws.OpText, true, payload) })
}

func (a *attacker) fragments(ctx context.Context) error {
	payload := []byte(strings.Repeat("x", 64))
	return a.floodReady(ctx, func(s *socket, n int) error {
		if n == 0 {
			return s.frame(ws.OpText, false, payload)
		}
		return s.frame(ws.OpContinuation, false, payload)
	})
}

// emptyFragments never reach the limit of a message's length.
func (a *attacker) emptyFragments(ctx context.Context) error {
	return a.floodReady(ctx, func(s *socket, n int) error {
		if n == 0 {
			return s.frame(ws.OpText, false, nil)
		}
		return s.frame(ws.OpContinuation, false, nil)
	})
}

// deaf opens a connection, asks, and never reads again. It holds the connection
// until the server cuts it, which a write notices.
func (a *attacker) deaf(ctx context.Context, ask func(s *socket) error) error {
	s, err := openReady(ctx, a.machine, a.address)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	_ = s.Conn.(interface{ SetReadBuffer(int) error }).SetReadBuffer(4 << 10)
	if err := ask(s); err != nil {
		return err
	}
	a.done.Add(1)
	for wait(ctx, 100*time.Millisecond) {
		if err := s.say(`{"type":"pong"}`); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (a *attacker) slowReader(ctx context.Context) error {
	return a.deaf(ctx, func(s *socket) error {
		for n := range 300 {
			if err := s.subscribe(fmt.Sprint(n), 0); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *attacker) slowResults(ctx context.Context) error {
	return a.deaf(ctx, func(s *socket) error {
		for n := range 200 {
			if err := s.ask(fmt.Sprint(n), expensiveQuery(n), ""); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *attacker) initFlood(ctx context.Context) error {
	s, err := open(ctx, a.machine, a.address)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return a.flood(func(int) error { return s.say(`{"type":"connection_init"}`) })
}

// silent keeps a few sockets open that say nothing.
func (a *attacker) silent(ctx context.Context) error {
	var waiting sync.WaitGroup
	defer waiting.Wait()
	for range 50 {
		s, err := open(ctx, a.machine, a.address)
		if err != nil {
			return err
		}
		a.done.Add(1)
		waiting.Go(func() {
			defer func() { _ = s.Close() }()
			s.ignore()
		})
	}
	return nil
}

func (a *attacker) subscribeAndDrop(ctx context.Context) error {
	s, err := openReady(ctx, a.machine, a.address)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	a.done.Add(1)
	return s.subscribe("1", a.machine%topics)
}

// churn uses each ID once, and IDs of nearly the length that there may be: what is kept
// of an end grows as fast as it can.
func (a *attacker) churn(ctx context.Context) error {
	long := strings.Repeat("x", 500)
	return a.floodReady(ctx, func(s *socket, n int) error {
		id := fmt.Sprint(long, n)
		if err := s.subscribe(id, n%topics); err != nil {
			return err
		}
		return s.say(`{"type":"complete","id":"` + id + `"}`)
	})
}

// query floods a connection with queries that are not the same text twice.
func (a *attacker) query(ctx context.Context, text func(n int) string) error {
	return a.floodReady(ctx, func(s *socket, n int) error { return s.ask(fmt.Sprint(n), text(n), "") })
}

func (a *attacker) deep(ctx context.Context) error {
	const depth = 150
	query := "{ item " + strings.Repeat("{ child ", depth) + "{ id } " + strings.Repeat("} ", depth) + "}"
	return a.query(ctx, func(n int) string { return fmt.Sprintf("query q%d %s", n, query) })
}

// wide is as many aliases as a document has room for.
func (a *attacker) wide(ctx context.Context) error {
	var query strings.Builder
	for alias := range 300 {
		fmt.Fprintf(&query, "a%d: item { id } ", alias)
	}
	return a.query(ctx, func(n int) string { return fmt.Sprintf("query q%d { %s }", n, query.String()) })
}

// multiply doubles what is selected with every fragment.
func (a *attacker) multiply(ctx context.Context) error {
	const levels = 16
	var fragments strings.Builder
	for level := range levels {
		fmt.Fprintf(&fragments, "fragment f%d on Item { a: child { ...f%d } b: child { ...f%d } } ", level, level+1, level+1)
	}
	fmt.Fprintf(&fragments, "fragment f%d on Item { id }", levels)
	return a.query(ctx, func(n int) string { return fmt.Sprintf("query q%d { item { ...f0 } } %s", n, fragments.String()) })
}

func (a *attacker) expensive(ctx context.Context) error { return a.query(ctx, expensiveQuery) }

// expensiveQuery has a result of some 100 KB.
func expensiveQuery(n int) string {
	return fmt.Sprintf("query q%d { a: items(n: 200) { id text } b: items(n: 200) { id text } "+
		"c: items(n: 200) { id text } d: items(n: 200) { id text } e: items(n: 200) { id text } f: items(n: 200) { id text } }", n)
}

// operations subscribes 10,000 times, and holds what it got for a while.
func (a *attacker) operations(ctx context.Context) error {
	return a.floodReady(ctx, func(s *socket, n int) error {
		if n >= 10_000 {
			wait(ctx, time.Second)
			return s.say(`{"type":"ping"}`)
		}
		return s.subscribe(fmt.Sprint("operation ", n), n%topics)
	})
}

func (a *attacker) garbage(ctx context.Context) error {
	for n, send := range []func(*socket) error{
		func(s *socket) error { return s.say(`{"type":`) },
		func(s *socket) error { return s.say(strings.Repeat("[", 100_000)) },
		func(s *socket) error {
			return s.say(`{"type":"subscribe","id":"1","payload":{"query":"` + strings.Repeat("{", 100_000) + `"}}`)
		},
		func(s *socket) error {
			return s.say(`{"type":"complete","id":"` + strings.Repeat("x", 100_000) + `"}`)
		},
		func(s *socket) error { return s.frame(ws.OpText, true, []byte("\xff\xfe\xfd")) },
		func(s *socket) error { return s.frame(ws.OpBinary, true, make([]byte, 1000)) },
		func(s *socket) error { _, err := s.Write([]byte(strings.Repeat("\xff", 1000))); return err },
		func(s *socket) error { return s.frame(ws.OpClose, true, []byte{0}) },
	} {
		s, err := openReady(ctx, a.machine, a.address)
		if err != nil {
			return err
		}
		if err := send(s); err == nil && n%2 == 0 {
			s.ignore()
		}
		_ = s.Close()
		a.done.Add(1)
	}
	return nil
}

func (a *attacker) pings(ctx context.Context) error {
	return a.floodReady(ctx, func(s *socket, n int) error {
		if n%2 == 0 {
			return s.say(`{"type":"ping"}`)
		}
		return s.frame(ws.OpPing, true, make([]byte, 125))
	})
}

func (a *attacker) deafPings(ctx context.Context) error {
	s, err := openReady(ctx, a.machine, a.address)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return a.flood(func(int) error { return s.frame(ws.OpPing, true, make([]byte, 125)) })
}

// halfOpen begins many handshakes and goes on with them one byte at a time.
func (a *attacker) halfOpen(ctx context.Context) error {
	var dripping sync.WaitGroup
	defer dripping.Wait()
	for range 100 {
		conn, err := dial(ctx, a.machine, a.address)
		if err != nil {
			return err
		}
		a.done.Add(1)
		dripping.Go(func() {
			defer func() { _ = conn.Close() }()
			for _, b := range []byte("GET /graphql HTTP/1.1\r\nHost: server\r\nX-Slow: " + strings.Repeat("x", 1000)) {
				if _, err := conn.Write([]byte{b}); err != nil || !wait(ctx, 100*time.Millisecond) {
					return
				}
			}
		})
	}
	return nil
}

func (a *attacker) headers(ctx context.Context) error {
	conn, err := dial(ctx, a.machine, a.address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	if _, err := conn.Write([]byte("GET /graphql HTTP/1.1\r\nHost: server\r\n")); err != nil {
		return err
	}
	line := []byte("X-Huge: " + strings.Repeat("x", 10_000) + "\r\n")
	return a.flood(func(int) error { _, err := conn.Write(line); return err })
}

// wait says whether the time passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
