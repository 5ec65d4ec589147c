package redis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/ports"
)

func TestConnectionsOfAKilledProcessAreReaped(t *testing.T) {
	t.Parallel()
	f, server := onMiniredis(t)
	f.config = quickReaper()
	a, b, c := f.start("a"), f.start("b"), f.start("c")
	const clients = 250
	for i := range clients {
		b.dial(fmt.Sprint(i))
	}
	_, closed := b.dial("closed")
	a.dial("of another")
	b.awaitBeats()
	closed.HangUp()
	b.awaitBeats()
	b.kill()

	reaped := map[ports.ConnectionID]int{}
	for range clients {
		select {
		case d := <-a.engine.gone:
			reaped[d.Address.ID]++
			wantEndpoint(t, d, "b")
		case d := <-c.engine.gone:
			reaped[d.Address.ID]++
			wantEndpoint(t, d, "b")
		case <-time.After(patience):
			t.Fatalf("%d of %d connections were reaped", len(reaped), clients)
		}
	}
	if len(reaped) != clients || reaped["closed"] > 0 {
		t.Errorf("reaped %d connections, want those %d that were open", len(reaped), clients)
	}
	waitUntil(t, func() bool { return keysOf(server, "b#") == 0 })
	waitUntil(t, func() bool { return !server.Exists("fanql:{f:}:dead") })
}

func wantEndpoint(t *testing.T, d ports.Disconnection, want string) {
	t.Helper()
	if d.Address.Endpoint != want || d.Code != 0 {
		t.Errorf("disconnected %+v, want endpoint %s and no code", d, want)
	}
}

// keysOf is how many keys have the text in their name.
func keysOf(server *miniredis.Miniredis, text string) int {
	return len(slices.DeleteFunc(server.Keys(), func(key string) bool { return !strings.Contains(key, text) }))
}

func TestReapingGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	f, server := onMiniredis(t)
	f.config = quickReaper()
	a, b := f.start("a"), f.start("b")
	b.dial("1")
	b.dial("2")
	b.awaitBeats()
	a.engine.failOnce(errors.New("the store is away"))
	b.kill()
	receive(t, a.engine.gone)
	waitUntil(t, func() bool { return slices.Contains(drain(a.problems), "reaping a dead process") })
	// Half a minute later somebody may try again.
	server.SetTime(time.Now().Add(31 * time.Second))
	receive(t, a.engine.gone)
	waitUntil(t, func() bool { return !server.Exists("fanql:{f:}:dead") })
}

func drain(from <-chan string) (all []string) {
	for {
		select {
		case s := <-from:
			all = append(all, s)
		default:
			return all
		}
	}
}

func TestProcessThatLeavesLeavesNothing(t *testing.T) {
	t.Parallel()
	f, server := onMiniredis(t)
	a := f.start("a")
	_, socket := a.dial("1")
	a.awaitBeats()
	socket.HangUp()
	a.stop()
	if keys := server.Keys(); len(keys) > 0 {
		t.Errorf("left %q", keys)
	}
}

func TestSocketsThatAreLeftAreReaped(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	f.config = quickReaper()
	a, b := f.start("a"), f.start("b")
	to, _ := b.dial("1")
	b.stop()
	if d := receive(t, a.engine.gone); d.Address != to {
		t.Errorf("reaped %v, want %v", d.Address, to)
	}
	wantKind(t, a.Push(t.Context(), to, text("x")), ports.ErrGone)
}

func TestProcessThatWasTakenForDeadStartsAfresh(t *testing.T) {
	t.Parallel()
	f, server := onMiniredis(t)
	f.config = quickReaper()
	a, b := f.start("a"), f.start("b")
	_, socket := b.dial("1")
	b.awaitBeats()
	for _, member := range members(t, server) {
		if strings.HasPrefix(member, "b#") { // as another process does that waited too long for b
			if _, err := server.ZRem("fanql:{f:}:members", member); err != nil {
				t.Fatal(err)
			}
		}
	}
	waitUntil(t, func() bool { return socket.Closed() != nil })
	end, ok := errors.AsType[*memory.CloseError](socket.Closed())
	if !ok || end.Code != 1013 {
		t.Errorf("closed with %v, want 1013", socket.Closed())
	}
	to, socket := b.dial("2")
	b.awaitBeats()
	if err := a.Push(t.Context(), to, text("x")); err != nil {
		t.Fatal(err)
	}
	wantNext(t, socket, "x")
	b.kill()
	if d := receive(t, a.engine.gone); d.Address != to {
		t.Errorf("reaped %v, want %v", d.Address, to)
	}
}

func members(t *testing.T, server *miniredis.Miniredis) []string {
	t.Helper()
	all, err := server.ZMembers("fanql:{f:}:members")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// outage is a hook that fails every command while it lasts.
type outage struct{ atomic.Bool }

func (o *outage) DialHook(next goredis.DialHook) goredis.DialHook { return next }
func (o *outage) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}
func (o *outage) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, command goredis.Cmder) error {
		if o.Load() {
			err := errors.New("Redis is away")
			command.SetErr(err)
			return err
		}
		return next(ctx, command)
	}
}

// When Redis was away, or its clock jumps, everybody looks dead, and nobody is.
func TestOutageOfRedisKillsNobody(t *testing.T) {
	t.Parallel()
	f, server := onMiniredis(t)
	f.config = quickReaper()
	began := time.Now()
	a, b := f.start("a"), f.start("b")
	var ofA, ofB outage
	a.client.AddHook(&ofA)
	b.client.AddHook(&ofB)
	to, socket := b.dial("1")
	_, others := a.dial("2")
	waitUntil(t, func() bool { return time.Since(began) > 2*f.config.DeadAfter }) // until they take others for dead
	for range 3 {
		ofA.Store(true)
		ofB.Store(true)
		drain(a.problems)
		drain(b.problems)
		receive(t, a.problems)
		receive(t, b.problems)
		server.SetTime(time.Now().Add(time.Hour))
		ofA.Store(false) // the one comes back before the other
		a.awaitBeats()
		ofB.Store(false)
		b.awaitBeats()
		server.SetTime(time.Now().Add(2 * time.Hour)) // without an outage
		a.awaitBeats()
		b.awaitBeats()
	}
	if len(a.engine.gone)+len(b.engine.gone) > 0 || socket.Closed() != nil || others.Closed() != nil {
		t.Fatalf("reaped %d and %d connections; sockets: %v, %v",
			len(a.engine.gone), len(b.engine.gone), socket.Closed(), others.Closed())
	}
	waitUntil(t, func() bool { return a.Push(t.Context(), to, text("x")) == nil })
	wantNext(t, socket, "x")
}

func TestRestartOfRedisWithItsDataIsGotOver(t *testing.T) {
	t.Parallel()
	f, server := onMiniredis(t)
	a, b := f.start("a"), f.start("b")
	to, socket := b.dial("1")
	b.awaitBeats()
	server.Close()
	receive(t, a.problems)
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, func() bool { return a.Push(t.Context(), to, text("x")) == nil })
	wantNext(t, socket, "x")
	if socket.Closed() != nil {
		t.Errorf("closed: %v", socket.Closed())
	}
}
