//go:build e2e

package lambdaredis

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/e2e/internal/clients"
	"github.com/fanql/fanql/e2e/internal/program"
	"github.com/fanql/fanql/internal/redislocal"
)

// The npm clients, while each publishing invocation delivers what it publishes,
// and everything is in a Cluster.
func TestClientsWithoutAWorker(t *testing.T) {
	t.Parallel()
	c := startCloud(t, append(startCluster(t), "FANQL_DELIVERY=direct")...)
	clients.Test(t, c.base, clients.InAnyOrder)
}

// The same, while a worker delivers, over TLS.
func TestClientsWithAWorker(t *testing.T) {
	t.Parallel()
	c := startCloud(t, append(startTLS(t), "FANQL_DELIVERY=worker")...)
	worker := c.startWorker(t)
	clients.Test(t, c.base, clients.InAnyOrder)
	worker.stop(t)
}

// TestWorkerIsKilled: what was acknowledged to publishers reaches subscribers, in
// order, although the worker is killed in the middle and another one takes over;
// and one that is asked to stop ends in good order.
func TestWorkerIsKilled(t *testing.T) {
	t.Parallel()
	const subscribers, room = 20, "killed"
	redis, err := redislocal.Start(t.Context(), redislocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Stop)
	c := startCloud(t, "FANQL_REDIS_ADDRESSES="+redis.Addr(), "FANQL_REDIS_TLS=off", "FANQL_REDIS_CLUSTER=off", "FANQL_DELIVERY=worker")
	first := c.startWorker(t)
	sockets := make([]*socket, subscribers)
	for i := range sockets {
		sockets[i] = c.subscribe(t, room)
	}

	enough := make(chan struct{})
	var publishing sync.WaitGroup
	var published []string
	publishing.Go(func() {
		pace := time.NewTicker(20 * time.Millisecond)
		defer pace.Stop()
		for n := 0; ; n++ {
			select {
			case <-pace.C:
			case <-enough:
				return
			}
			text := strconv.Itoa(n)
			if err := program.Publish(t.Context(), c.base, room, text); err != nil {
				t.Errorf("publishing %s: %v", text, err)
				return
			}
			published = append(published, text)
		}
	})
	sockets[0].await(t, "50")
	first.kill()
	killed := time.Now()
	arrived := len(sockets[0].texts())
	second := c.startWorker(t)
	sockets[0].awaitMore(t, arrived)
	t.Logf("%v after its death another worker goes on", time.Since(killed).Round(100*time.Millisecond))
	close(enough)
	publishing.Wait()
	repeats := 0
	for i, s := range sockets {
		s.await(t, published[len(published)-1])
		got := s.texts()
		firsts := firstOccurrences(got)
		repeats += len(got) - len(firsts)
		if !slices.Equal(firsts, published) {
			t.Errorf("subscriber %d got first %q, want %q", i, firsts, published)
		}
	}
	t.Logf("%d events to %d subscribers: none lost, %d repeats", len(published), subscribers, repeats)

	second.stop(t)
	c.startWorker(t)
	if err := program.Publish(t.Context(), c.base, room, "the end"); err != nil {
		t.Fatal(err)
	}
	sockets[0].await(t, "the end")
}

func firstOccurrences(texts []string) []string {
	var first []string
	for _, text := range texts {
		if !slices.Contains(first, text) {
			first = append(first, text)
		}
	}
	return first
}
