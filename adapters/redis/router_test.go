package redis_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

func TestRouterContract(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	routerContract(t, f)
}

// routerContract runs the pusher's suite over the router of a process that has
// the sockets, and over that of another one.
func routerContract(t *testing.T, f *fleet) {
	for _, pushing := range []string{"here", "there"} {
		t.Run("pushing from "+pushing, func(t *testing.T) {
			of := *f
			of.t, of.sockets = t, memory.PusherConfig{MaxFrameBytes: 5000, MaxQueued: 40}
			here := of.start("here")
			pusher := here
			if pushing == "there" {
				pusher = of.start("there")
			}
			opened := 0
			porttest.TestPusher(t, porttest.PusherAdapter{
				MaxFrame: of.sockets.MaxFrameBytes, Capacity: of.sockets.MaxQueued,
				New: func(*testing.T) (ports.Pusher, func() (ports.Address, porttest.Client)) {
					return pusher.Router, func() (ports.Address, porttest.Client) {
						opened++
						to, socket := here.dial(fmt.Sprint(opened))
						return to, far{socket}
					}
				},
			})
		})
	}
}

func TestPushSaysWhatTheOtherProcessSays(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here, there := f.start("here"), f.start("there")
	to, socket := here.dial("slow")
	for range 5000 {
		if err := here.Push(t.Context(), to, text("x")); err != nil {
			t.Fatal(err)
		}
	}
	wantKind(t, there.Push(t.Context(), to, text("x")), ports.ErrThrottled)
	socket.HangUp()
	wantKind(t, there.Push(t.Context(), to, text("x")), ports.ErrGone)
}

func TestPushNeedsAnEndpoint(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	wantKind(t, f.start("here").Push(t.Context(), ports.Address{ID: "1"}, text("x")), ports.ErrInvalid)
}

func TestFrameForAnotherProcessMayBeTooLarge(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here, there := f.start("here"), f.start("there")
	to, _ := here.dial("1")
	wantKind(t, there.Push(t.Context(), to, text(strings.Repeat("x", 16<<20+1))), ports.ErrTooLarge)
}

func TestProcessThatIsDeadIsGone(t *testing.T) {
	t.Parallel()
	f, server := onMiniredis(t)
	f.config = quickReaper()
	here, there := f.start("here"), f.start("there")
	to, _ := there.dial("1")
	there.kill()
	if err := here.Push(t.Context(), to, text("x")); err == nil || errors.Is(err, ports.ErrGone) {
		t.Fatalf("got %v while it may come back", err)
	}
	server.FastForward(f.config.DeadAfter)
	here.awaitBeats()
	wantKind(t, here.Push(t.Context(), to, text("x")), ports.ErrGone)
	if err := here.Close(t.Context(), to, 4403, "Forbidden"); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

func TestWorkerWithoutSockets(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here := f.start("here")
	client := f.client()
	defer client.Close()
	worker := must.Make(newBackend(client, redis.Config{}).Router("worker", nil))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := worker.Run(ctx, here.engine.Disconnect); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	defer running.Wait()
	defer cancel()
	if err := worker.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	to, socket := here.dial("1")
	if err := worker.Push(t.Context(), to, text("x")); err != nil {
		t.Fatal(err)
	}
	wantNext(t, socket, "x")
	wantKind(t, worker.Push(t.Context(), ports.Address{ID: "1", Endpoint: "worker"}, text("x")), ports.ErrGone)
}

func TestRouterHasANameAndRunsOnce(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here := f.start("here")
	wantKind(t, here.Run(t.Context(), here.engine.Disconnect), ports.ErrInvalid)
	_, err := newBackend(here.client, redis.Config{}).Router("", nil)
	wantKind(t, err, ports.ErrInvalid)
}

// gate is a client's hook that holds messages to one channel back, and keeps
// them.
type gate struct {
	channel string
	open    chan struct{}

	mu       sync.Mutex
	messages []string
}

func (g *gate) DialHook(next goredis.DialHook) goredis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}
func (g *gate) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }
func (g *gate) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, commands []goredis.Cmder) error {
		for _, command := range commands {
			if strings.HasSuffix(command.Name(), "publish") && command.Args()[1] == g.channel {
				<-g.open
				g.mu.Lock()
				g.messages = append(g.messages, string(command.Args()[2].([]byte)))
				g.mu.Unlock()
			}
		}
		return next(ctx, commands)
	}
}

func TestPushesUnderWayShareAMessageAndTheirPayload(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here, there := f.start("here"), f.start("there")
	g := &gate{channel: "fanql:{g:here}:channel", open: make(chan struct{})}
	there.client.AddHook(g)
	const clients = 200
	payload := []byte(strings.Repeat("shared", 1000))
	var pushing, begun sync.WaitGroup
	for i := range clients {
		to, socket := here.dial(fmt.Sprint(i))
		begun.Add(1)
		pushing.Go(func() {
			head := fmt.Appendf(nil, "head %d,", i)
			begun.Done()
			if err := there.Push(t.Context(), to, ports.Frame{Head: head, Payload: payload, Tail: []byte("tail")}); err != nil {
				t.Errorf("Push: %v", err)
			}
			wantNext(t, socket, string(head)+string(payload)+"tail")
		})
	}
	begun.Wait()
	close(g.open)
	pushing.Wait()
	all := strings.Join(g.messages, "")
	if got := strings.Count(all, string(payload)); got != len(g.messages) || got > clients/10 {
		t.Errorf("%d pushes took %d messages with %d payloads", clients, len(g.messages), got)
	}
}

func TestTooMuchOnItsWayIsThrottled(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	f.config.MaxRoutedBytes = 10_000
	here, there := f.start("here"), f.start("there")
	g := &gate{channel: "fanql:{g:here}:channel", open: make(chan struct{})}
	there.client.AddHook(g)
	to, socket := here.dial("1")
	outcomes := make(chan error, 2)
	for range 2 {
		go func() { outcomes <- there.Push(t.Context(), to, text(strings.Repeat("x", 6000))) }()
	}
	wantKind(t, receive(t, outcomes), ports.ErrThrottled)
	close(g.open)
	if err := receive(t, outcomes); err != nil {
		t.Fatal(err)
	}
	wantNext(t, socket, strings.Repeat("x", 6000))
}

func TestBatchThatIsRepeatedIsDoneOnce(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here, there := f.start("here"), f.start("there")
	g := &gate{channel: "fanql:{g:here}:channel", open: make(chan struct{})}
	close(g.open)
	there.client.AddHook(g)
	to, socket := here.dial("1")
	for _, s := range []string{"a", "b"} {
		if err := there.Push(t.Context(), to, text(s)); err != nil {
			t.Fatal(err)
		}
	}
	for _, message := range slices.Clone(g.messages) { // as a client does that lost the answers
		if err := there.client.Publish(t.Context(), g.channel, message).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := there.Push(t.Context(), to, text("c")); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"a", "b", "c"} {
		wantNext(t, socket, s)
	}
	if n := socket.Queued(); n != 0 {
		t.Errorf("%d frames more", n)
	}
}

// deafness has nobody receive the next messages to a channel.
type deafness struct {
	channel string
	left    atomic.Int64
}

func (d *deafness) DialHook(next goredis.DialHook) goredis.DialHook          { return next }
func (d *deafness) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }
func (d *deafness) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, commands []goredis.Cmder) error {
		for _, command := range commands {
			if publication, ok := command.(*goredis.IntCmd); ok && command.Args()[1] == d.channel && d.left.Add(-1) >= 0 {
				publication.SetVal(0)
				return nil
			}
		}
		return next(ctx, commands)
	}
}

func TestPushWaitsForAProcessThatIsAboutToListen(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here, there := f.start("here"), f.start("there")
	d := &deafness{channel: "fanql:{g:here}:channel"}
	d.left.Store(10) // for longer than an engine tries
	there.client.AddHook(d)
	to, socket := here.dial("1")
	for _, s := range []string{"a", "b"} {
		if err := there.Push(t.Context(), to, text(s)); err != nil {
			t.Fatal(err)
		}
	}
	if d.left.Load() >= 0 {
		t.Error("it was not deaf")
	}
	wantNext(t, socket, "a")
	wantNext(t, socket, "b")
}

func TestLateWorkerCannotPush(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here, there := f.start("here"), f.start("there")
	to, socket := here.dial("1")
	late, now := redis.Lease{Bus: "a:", Partition: 3, Token: 7}, redis.Lease{Bus: "a:", Partition: 3, Token: 8}
	other, another := redis.Lease{Bus: "a:", Partition: 4, Token: 1}, redis.Lease{Bus: "b:", Partition: 3, Token: 1}
	for _, push := range []struct {
		from  *gateway
		lease redis.Lease
		text  string
	}{
		{there, late, "late but first"}, {there, now, "now"}, {there, late, "LATE"}, {here, late, "LATE"},
		{there, other, "of another partition"}, {there, another, "of another bus"}, {here, another, "of another bus"},
		{here, now, "again"}, {there, redis.Lease{}, "of no worker"},
	} {
		if err := push.from.Push(redis.WithLease(t.Context(), push.lease), to, text(push.text)); err != nil {
			t.Fatalf("Push %s: %v", push.text, err)
		}
	}
	if err := there.Close(redis.WithLease(t.Context(), late), to, 1013, "LATE"); err != nil {
		t.Fatalf("Close: %v", err)
	}
	for _, want := range []string{"late but first", "now", "of another partition", "of another bus", "of another bus", "again", "of no worker"} {
		wantNext(t, socket, want)
	}
	if err := socket.Closed(); err != nil {
		t.Errorf("a late worker closed the socket: %v", err)
	}
}

// What a late worker pushes comes to nothing, so it must not believe that it got
// anywhere: its delivery ends, whoever noticed.
func TestLatePushEndsItsDelivery(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here, there := f.start("here"), f.start("there")
	to, _ := here.dial("1")
	late, now := redis.Lease{Bus: "a:", Partition: 3, Token: 7}, redis.Lease{Bus: "a:", Partition: 3, Token: 8}
	if err := there.Push(redis.WithLease(t.Context(), now), to, text("now")); err != nil {
		t.Fatal(err)
	}
	for _, from := range []*gateway{here, there} {
		ctx := redis.WithLease(t.Context(), late)
		if err := from.Push(ctx, to, text("LATE")); err != nil || ctx.Err() == nil {
			t.Errorf("pushing from %s: error %v, and the delivery's context has the error %v, want none and one", from.name, err, ctx.Err())
		}
	}
}

func TestCallWhoseLeaseWasLostIsNoFailure(t *testing.T) {
	t.Parallel()
	f, _ := onMiniredis(t)
	here := f.start("here")
	to, socket := here.dial("1")
	lost, cancel := context.WithTimeout(redis.WithLostLease(t.Context(), redis.Lease{Partition: 3, Token: 7}), patience)
	defer cancel()
	if err := here.Push(lost, to, text("x")); err != nil {
		t.Errorf("Push: %v", err)
	}
	if n := socket.Queued(); n > 0 {
		t.Error("it was pushed")
	}
	drained, cut := context.WithCancel(redis.WithLease(t.Context(), redis.Lease{Partition: 3, Token: 7}))
	cut() // by a worker that ends: it still settles what it has delivered
	wantKind(t, here.Push(drained, to, text("x")), context.Canceled)
}
