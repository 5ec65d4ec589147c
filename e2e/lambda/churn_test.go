//go:build e2e

package lambda

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/e2e/internal/program"
)

// TestChurn has clients that subscribe, complete and leave at random, on a
// gateway that reorders their messages and loses every $disconnect: 100 of them for five
// seconds, or 200 for CHURN. CHURN_SEED is what all that is drawn from.
func TestChurn(t *testing.T) {
	t.Parallel()
	clients, duration := 100, 5*time.Second
	var err error
	if churn := os.Getenv("CHURN"); churn != "" {
		clients = 200
		if duration, err = time.ParseDuration(churn); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	if given := os.Getenv("CHURN_SEED"); given != "" {
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d clients for %v, CHURN_SEED=%d", clients, duration, seed)
	c := startCloud(t, "-no-disconnect", "-reorder", "100ms", "-seed", strconv.FormatUint(seed, 10))

	gone := c.proxy.watchRemovals()
	sessions, published := c.churn(t, clients, duration, seed)
	active := c.settle(t, sessions)
	c.probe(t, active, published)
	checkOperations(t, sessions, published, gone)
	c.checkExpiry(t)
	c.checkNothingStays(t, sessions)
}

// operation is one subscription of a client.
type operation struct {
	id, room string
	// ended: the client has completed it.
	ended bool
}

// session is one socket of a client with all that it was used for.
type session struct {
	*socket
	operations []*operation
	left       bool
}

// open are the operations that the client has not completed.
func (s *session) open() []*operation {
	return slices.DeleteFunc(slices.Clone(s.operations), func(o *operation) bool { return o.ended })
}

// publication is one message to a room.
type publication struct {
	text  string
	begun time.Time
}

// rooms are where the clients are.
func rooms() []string { return []string{"north", "east", "south", "west"} }

// churn returns every session that there was and what was published, by room.
func (c *cloud) churn(t *testing.T, clients int, duration time.Duration, seed uint64) ([]*session, map[string][]publication) {
	t.Helper()
	until, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()
	var mu sync.Mutex
	var sessions []*session
	published := map[string][]publication{}
	var running sync.WaitGroup
	for i := range clients {
		running.Go(func() {
			client := &churner{cloud: c, random: rand.New(rand.NewPCG(seed, uint64(i))), name: strconv.Itoa(i)}
			if err := client.run(t.Context(), until); err != nil {
				t.Errorf("client %d: %v", i, err)
			}
			mu.Lock()
			defer mu.Unlock()
			sessions = append(sessions, client.sessions...)
		})
	}
	for i, room := range rooms() {
		running.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(clients+i)))
			for n := 0; pause(until, random, time.Second); n++ {
				sent := publication{fmt.Sprintf("%s %d", room, n), time.Now()}
				if err := program.Publish(t.Context(), c.Base, room, sent.text); err != nil {
					t.Errorf("publishing: %v", err)
				}
				mu.Lock()
				published[room] = append(published[room], sent)
				mu.Unlock()
			}
		})
	}
	running.Wait()
	t.Cleanup(func() {
		for _, s := range sessions {
			_ = s.conn.Close()
		}
	})
	return sessions, published
}

// pause waits for a random time up to most and returns false if the context ends
// first.
func pause(ctx context.Context, random *rand.Rand, most time.Duration) bool {
	timer := time.NewTimer(time.Duration(random.Int64N(int64(most))))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// churner is one client.
type churner struct {
	cloud    *cloud
	random   *rand.Rand
	name     string
	sessions []*session
	current  *session // nil between two sockets
	begun    int      // operations
}

func (c *churner) run(ctx, until context.Context) error {
	for pause(until, c.random, 4*time.Second) {
		if err := c.act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// act does what comes into the client's mind.
func (c *churner) act(ctx context.Context) error {
	if c.current == nil {
		return c.connect(ctx)
	}
	open := c.current.open()
	switch dice := c.random.IntN(100); {
	case dice < 10:
		return c.leave()
	case dice < 50 && len(open) > 0:
		return c.complete(open[c.random.IntN(len(open))])
	default:
		return c.subscribe(ctx)
	}
}

func (c *churner) connect(ctx context.Context) error {
	protocol := []string{modern, legacy}[c.random.IntN(2)]
	s, err := c.cloud.open(ctx, protocol)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	c.current = &session{socket: s}
	c.sessions = append(c.sessions, c.current)
	return c.subscribe(ctx)
}

// subscribe begins an operation, and may end it at once, before it is in place.
func (c *churner) subscribe(ctx context.Context) error {
	c.begun++
	o := &operation{id: c.name + "." + strconv.Itoa(c.begun), room: rooms()[c.random.IntN(len(rooms()))]}
	c.current.operations = append(c.current.operations, o)
	switch c.random.IntN(3) {
	case 0:
		if err := c.current.subscribe(o.id, o.room); err != nil {
			return err
		}
		return c.complete(o)
	case 1:
		return c.current.subscribe(o.id, o.room)
	default:
		return c.current.subscribed(ctx, o.id, o.room)
	}
}

func (c *churner) complete(o *operation) error {
	o.ended = true
	return c.current.complete(o.id)
}

func (c *churner) leave() error {
	s := c.current
	s.left, c.current = true, nil
	if c.random.IntN(2) == 0 {
		return s.leave()
	}
	return s.cut()
}

// settle waits until of the operations of all sockets that are still open those
// are in place that their clients have not completed, and no others, and returns
// them by ID.
func (c *cloud) settle(t *testing.T, sessions []*session) map[string]*session {
	t.Helper()
	active, others := map[string]*session{}, map[string]bool{}
	for _, s := range sessions {
		for _, o := range s.operations {
			if !s.left && !o.ended {
				active[o.id] = s
			} else if !s.left {
				others[o.id] = true
			}
		}
	}
	var missing, surviving []string
	eventually(t, func() bool {
		missing, surviving = nil, nil
		for _, inPlace := range []map[string]bool{c.listed(t), c.held(t)} {
			for id := range active {
				if !inPlace[id] {
					missing = append(missing, id)
				}
			}
			for id := range inPlace {
				if others[id] {
					surviving = append(surviving, id)
				}
			}
		}
		return len(missing)+len(surviving) == 0
	}, func() string {
		return fmt.Sprintf("the subscriptions %q are missing and %q survive their complete", missing, surviving)
	})
	return active
}

// listed are the IDs of the operations in the listings of topics.
func (c *cloud) listed(t *testing.T) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for _, row := range c.rows(t, "subscriptions") {
		ids[operationID(row["operation"])] = true
	}
	return ids
}

// held are the IDs of the operations that connections have.
func (c *cloud) held(t *testing.T) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for _, row := range c.rows(t, "connections") {
		operations, _ := row["operations"].(*types.AttributeValueMemberM)
		for _, held := range operations.Value {
			fields, _ := held.(*types.AttributeValueMemberM)
			ids[operationID(fields.Value["id"])] = true
		}
	}
	return ids
}

func operationID(value types.AttributeValue) string {
	id, _ := value.(*types.AttributeValueMemberB)
	return string(id.Value)
}

// probe publishes to each room once more: the active operations get it, and the
// rows of clients that have left are cleared away.
func (c *cloud) probe(t *testing.T, active map[string]*session, published map[string][]publication) {
	t.Helper()
	c.sweep(t, len(active), published)
	for _, room := range rooms() {
		published[room] = append(published[room], publication{room + " at last", time.Now()})
		c.mustPublish(t, room, room+" at last")
	}
	for id, s := range active {
		at := slices.IndexFunc(s.operations, func(o *operation) bool { return o.id == id })
		s.mustAwait(t, id, s.operations[at].room+" at last")
	}
}

// sweep publishes until the listings have so many rows.
func (c *cloud) sweep(t *testing.T, rows int, published map[string][]publication) {
	t.Helper()
	round := 0
	eventually(t, func() bool {
		for _, room := range rooms() {
			sent := publication{fmt.Sprintf("%s sweep %d of %d", room, round, rows), time.Now()}
			published[room] = append(published[room], sent)
			c.mustPublish(t, room, sent.text)
		}
		round++
		return len(c.rows(t, "subscriptions")) == rows
	}, func() string { return fmt.Sprintf("there are %d rows, want %d", len(c.rows(t, "subscriptions")), rows) })
}

// checkOperations holds what each operation got to the guarantees: a run of its
// room's messages without a gap or a repeat; all of them up to the last if it is
// still open; none that was published after its end had been handled.
func checkOperations(t *testing.T, sessions []*session, published map[string][]publication, gone *removals) {
	t.Helper()
	var operations, completed, removed, messages, late int
	var latest time.Duration
	for _, s := range sessions {
		byID := map[string][]frame{}
		for _, f := range s.received() {
			if f.kind != "next" && f.kind != "data" && f.kind != "complete" && f.kind != "connection_ack" {
				t.Errorf("a client got %s", f.raw)
			}
			byID[f.id] = append(byID[f.id], f)
		}
		for _, o := range s.operations {
			end := gone.of(o.id)
			checkRun(t, byID[o.id], published[o.room], expectation{o.id, !o.ended && !s.left, end})
			operations++
			for _, f := range byID[o.id] {
				if !f.isMessage() {
					continue
				}
				messages++
				if after := f.at.Sub(end); !end.IsZero() && after > 0 {
					late++
					latest = max(latest, after)
				}
			}
			if o.ended {
				completed++
			}
			if !end.IsZero() {
				removed++
			}
		}
	}
	t.Logf("%d sockets; %d operations, %d of them completed: %d when they were in place, the others before or when their client had left",
		len(sessions), operations, completed, removed)
	t.Logf("%d messages, %d of them on their way when their operation was removed, the latest received %v after that",
		messages, late, latest.Round(time.Millisecond))
}

// expectation is what is known of an operation.
type expectation struct {
	id string
	// open: neither its client nor its socket has ended it.
	open bool
	// gone is when it was removed; zero if it never was in place or never ended.
	gone time.Time
}

// checkRun checks what one operation got.
func checkRun(t *testing.T, frames []frame, published []publication, want expectation) {
	t.Helper()
	var inPlace time.Time
	position, first := -1, -1
	for _, f := range frames {
		switch {
		case f.history:
			inPlace = f.at
		case f.isMessage():
			at := slices.IndexFunc(published, func(p publication) bool { return p.text == f.text })
			if first < 0 {
				first = at
			} else if at != position+1 {
				t.Errorf("operation %s got message %d of its room after message %d", want.id, at, position)
			}
			position = at
		}
	}
	// From here on each listing has it.
	if due := publishedAfter(published, inPlace); due >= 0 && first > due {
		t.Errorf("operation %s was in place before message %d and got message %d first", want.id, due, first)
	}
	if want.open && position != len(published)-1 {
		t.Errorf("operation %s is open and got message %d last, of %d", want.id, position, len(published))
	}
	// From here on no listing has it.
	if over := publishedAfter(published, want.gone); over >= 0 && position >= over {
		t.Errorf("operation %s was gone before message %d was published, and got message %d", want.id, over, position)
	}
}

// publishedAfter is the first message whose publication began after a time; -1 if
// there is none, or no time.
func publishedAfter(published []publication, at time.Time) int {
	return slices.IndexFunc(published, func(p publication) bool { return !at.IsZero() && p.begun.After(at) })
}

// checkExpiry: each row will be gone within the life of a connection.
func (c *cloud) checkExpiry(t *testing.T) {
	t.Helper()
	const longest = 3*time.Hour + time.Minute // core.Config.ConnectionTTL
	for _, table := range []string{"connections", "subscriptions", "events"} {
		for _, row := range c.rows(t, table) {
			ttl, _ := row["ttl"].(*types.AttributeValueMemberN)
			if ttl == nil {
				t.Fatalf("a row of %s has no ttl: %v", table, slices.Collect(maps.Keys(row)))
			}
			seconds, err := strconv.ParseInt(ttl.Value, 10, 64)
			if left := time.Until(time.Unix(seconds, 0)); err != nil || left > longest {
				t.Errorf("a row of %s stays for another %v", table, left)
			}
		}
	}
}

// checkNothingStays cuts every socket. The pushes that find them gone leave no
// subscription, and of connections at most rows with nothing in them, which end
// with their TTL.
func (c *cloud) checkNothingStays(t *testing.T, sessions []*session) {
	t.Helper()
	for _, s := range sessions {
		if !s.left {
			_ = s.cut()
		}
	}
	c.sweep(t, 0, map[string][]publication{})
	if held := c.held(t); len(held) > 0 {
		t.Errorf("operations of clients that have left: %v", held)
	}
	t.Logf("of %d connections %d rows wait for their TTL: they had no subscription when their client left",
		len(sessions), len(c.rows(t, "connections")))
}
