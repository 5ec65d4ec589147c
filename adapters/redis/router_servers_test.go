//go:build integration

package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/ports"
)

// onServersAsFleet runs a test on a server and on a cluster, each run with a
// prefix of its own.
func onServersAsFleet(t *testing.T, test func(t *testing.T, f *fleet)) {
	t.Helper()
	for name, client := range map[string]func() goredis.UniversalClient{
		"standalone": func() goredis.UniversalClient { return server.Client() },
		"cluster":    func() goredis.UniversalClient { return cluster.Client() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fleet{t: t, client: client, config: quickRouter()}
			f.config.Prefix = t.Name() + ":"
			test(t, f)
		})
	}
}

func TestRouterContractOnServers(t *testing.T) {
	t.Parallel()
	onServersAsFleet(t, func(t *testing.T, f *fleet) { routerContract(t, f) })
}

func TestRouterUsesShardedChannels(t *testing.T) {
	t.Parallel()
	client := server.Client()
	defer client.Close()
	f := &fleet{t: t, client: func() goredis.UniversalClient { return server.Client() }, config: quickRouter()}
	f.config.Prefix = "sharded:"
	f.start("a")
	channels, err := client.PubSubShardChannels(t.Context(), "sharded:*").Result()
	if err != nil || len(channels) != 1 {
		t.Errorf("sharded channels %q, error %v", channels, err)
	}
}

func TestDeadProcessIsReapedOnServers(t *testing.T) {
	t.Parallel()
	onServersAsFleet(t, func(t *testing.T, f *fleet) {
		f.config.DeadAfter = quickReaper().DeadAfter
		a, b := f.start("a"), f.start("b")
		const clients = 1200 // more than one command or page has
		for i := range clients {
			b.dial(fmt.Sprint(i))
		}
		b.awaitBeats()
		b.kill()
		reaped := map[ports.ConnectionID]bool{}
		for range clients {
			reaped[receive(t, a.engine.gone).Address.ID] = true
		}
		if len(reaped) != clients {
			t.Errorf("reaped %d of %d", len(reaped), clients)
		}
		to := ports.Address{ID: "1", Endpoint: "b"}
		waitUntil(t, func() bool { return errors.Is(a.Push(t.Context(), to, text("x")), ports.ErrGone) })
	})
}

// A subscription that breaks loses what is published meanwhile. Whoever pushed
// it receives an error.
func TestBrokenSubscriptionsLoseNothingInSilence(t *testing.T) {
	onServersAsFleet(t, func(t *testing.T, f *fleet) {
		f.config.AnswerTimeout = 500 * time.Millisecond // of those that are lost
		here, there := f.start("here"), f.start("there")
		const clients, frames, kills = 8, 300, 5
		var pushed atomic.Int64
		var pushing sync.WaitGroup
		var sockets []*memory.Socket
		unsure := make([]map[int]bool, clients)
		for i := range clients {
			to, socket := here.dial(fmt.Sprint(i))
			sockets = append(sockets, socket)
			unsure[i] = map[int]bool{}
			pushing.Go(func() {
				for n := range frames {
					for there.Push(t.Context(), to, text(strconv.Itoa(n))) != nil {
						unsure[i][n] = true // it may have arrived
					}
					pushed.Add(1)
				}
			})
		}
		for i := range kills {
			waitUntil(t, func() bool { return pushed.Load() >= int64(clients*frames*i/kills) })
			killSubscriptions(t, here.client)
		}
		pushing.Wait()
		for i, socket := range sockets {
			wantEveryFrame(t, socket, frames, unsure[i])
		}
	})
}

// The slot of a process's channel moves from node to node. Pushes take longer then,
// and none fails.
func TestChannelWhoseSlotMovesLosesNothing(t *testing.T) {
	client := cluster.Client()
	defer client.Close()
	f := &fleet{t: t, client: func() goredis.UniversalClient { return cluster.Client() }, config: quickRouter()}
	f.config.Prefix = t.Name() + ":"
	here, there := f.start("here"), f.start("there")
	to, socket := here.dial("1")
	slot := client.ClusterKeySlot(t.Context(), f.config.Prefix+"{g:here}:channel").Val()
	var masters []*goredis.Client
	var mu sync.Mutex // they come at the same time
	success(t, client.ForEachMaster(t.Context(), func(_ context.Context, node *goredis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		masters = append(masters, node)
		return nil
	}))
	var frames atomic.Int64
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		for i := range 6 {
			if err := moveSlot(t.Context(), masters, slot, masters[i%len(masters)]); err != nil {
				t.Error(err)
			}
			// A client follows a few redirections: the next move waits for a push that
			// began after this one.
			for before := frames.Load(); frames.Load() < before+2 && t.Context().Err() == nil; {
				<-time.After(time.Millisecond)
			}
		}
	}()
	for done := false; !done; frames.Add(1) {
		select {
		case <-moved:
			done = true
		default:
		}
		if err := there.Push(t.Context(), to, text(strconv.FormatInt(frames.Load(), 10))); err != nil {
			t.Fatalf("push %d: %v", frames.Load(), err)
		}
	}
	wantEveryFrame(t, socket, int(frames.Load()), map[int]bool{})
}

// A former master that has become a replica hands on what is published to its
// successor, and only receivers at that are counted. Whoever is subscribed at the former
// master gets every frame, once where the answer was not lost, and subscribes at the
// successor.
func TestChannelWhoseMasterBecomesAReplica(t *testing.T) {
	client := cluster.Client()
	defer client.Close()
	f := &fleet{t: t, client: func() goredis.UniversalClient { return cluster.Client() }, config: quickRouter()}
	f.config.Prefix = t.Name() + ":"
	f.config.Heartbeat = 2 * time.Second     // until then the process is at the former master
	f.config.AnswerTimeout = 5 * time.Second // nobody repeats an answer that the failover has lost
	f.config.DeadAfter = 20 * time.Second    // nor tells a process that its subscription is lost
	here, there := f.start("here"), f.start("there")
	to, socket := here.dial("1")
	channel := f.config.Prefix + "{g:here}:channel"
	successor := replicaOf(t, client, channel)
	success(t, successor.Do(t.Context(), "CLUSTER", "FAILOVER").Err())
	waitUntil(t, func() bool { return strings.HasPrefix(fmt.Sprint(successor.Do(t.Context(), "ROLE").Val()), "[master") })
	for _, p := range []*gateway{here, there} {
		waitUntil(t, func() bool {
			p.client.(*goredis.ClusterClient).ReloadState(t.Context()) // which it does by itself after 10 s
			master, err := p.client.(*goredis.ClusterClient).MasterForKey(t.Context(), channel)
			return err == nil && master.Options().Addr == successor.Options().Addr
		})
	}
	const frames = 50
	unsure := map[int]bool{}
	for n := range frames {
		for there.Push(t.Context(), to, text(strconv.Itoa(n))) != nil {
			unsure[n] = true
		}
	}
	wantEveryFrame(t, socket, frames, unsure)
	waitUntil(t, func() bool {
		return successor.PubSubShardNumSub(t.Context(), channel).Val()[channel]+successor.PubSubNumSub(t.Context(), channel).Val()[channel] == 1
	})
}

// replicaOf is a client of a replica that has a key.
func replicaOf(t *testing.T, client *goredis.ClusterClient, key string) *goredis.Client {
	t.Helper()
	slot := int(client.ClusterKeySlot(t.Context(), key).Val())
	slots, err := client.ClusterSlots(t.Context()).Result()
	success(t, err)
	for _, part := range slots {
		if part.Start <= slot && slot <= part.End && len(part.Nodes) > 1 {
			replica := goredis.NewClient(&goredis.Options{Addr: part.Nodes[1].Addr})
			t.Cleanup(func() { _ = replica.Close() })
			return replica
		}
	}
	t.Fatalf("no replica has %s", key)
	return nil
}

// moveSlot gives an empty slot to a node. The node imports the slot, so that its claim is
// newer than that of the former owner, which would win otherwise and have clients go to and fro.
func moveSlot(ctx context.Context, masters []*goredis.Client, slot int64, to *goredis.Client) error {
	id, err := to.Do(ctx, "CLUSTER", "MYID").Text()
	other := masters[0]
	if other == to {
		other = masters[1]
	}
	_ = to.Do(ctx, "CLUSTER", "SETSLOT", slot, "IMPORTING", other.Do(ctx, "CLUSTER", "MYID").Val()).Err() // it may be the owner
	for _, node := range append([]*goredis.Client{to}, masters...) {
		err = errors.Join(err, node.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", id).Err())
	}
	return err
}

// wantEveryFrame wants the numbers in order; a repeat only of one whose push
// failed first.
func wantEveryFrame(t *testing.T, socket *memory.Socket, frames int, unsure map[int]bool) {
	t.Helper()
	next := 0
	for socket.Queued() > 0 {
		data, err := socket.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		switch n, err := strconv.Atoi(string(data)); {
		case err != nil || n > next || n < next-1 || n == next-1 && !unsure[n]:
			t.Fatalf("received %q, want %d", data, next)
		case n == next:
			next++
		}
	}
	if next != frames {
		t.Errorf("received %d frames, want %d", next, frames)
	}
}

// killSubscriptions has Redis drop every client that subscribes to something.
func killSubscriptions(t *testing.T, client goredis.UniversalClient) {
	t.Helper()
	kill := func(ctx context.Context, node *goredis.Client) error {
		return node.ClientKillByFilter(ctx, "TYPE", "pubsub").Err()
	}
	var err error
	switch client := client.(type) {
	case *goredis.ClusterClient:
		err = client.ForEachMaster(t.Context(), kill)
	case *goredis.Client:
		err = kill(t.Context(), client)
	}
	if err != nil && !strings.Contains(err.Error(), "EOF") {
		t.Fatal(err)
	}
}

// What crossing to another process costs: one caller waits for every answer, and
// the more callers there are, the more calls share a message.
func BenchmarkRouterPush(b *testing.B) {
	for _, callers := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			f := &fleet{t: b, client: func() goredis.UniversalClient { return server.Client() }}
			f.config.Prefix = b.Name()
			here, there := f.start("here"), f.start("there")
			frame := ports.Frame{Head: []byte(`{"id":"1","type":"next","payload":`), Payload: make([]byte, 200), Tail: []byte("}")}
			var left atomic.Int64
			left.Store(int64(b.N))
			var pushing sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for i := range callers {
				to, socket := here.dial(fmt.Sprint(i))
				pushing.Go(func() {
					for left.Add(-1) >= 0 {
						if err := there.Push(b.Context(), to, frame); err != nil {
							b.Error(err)
							return
						}
						if _, err := socket.Receive(b.Context()); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			pushing.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
		})
	}
}
