//go:build integration

package redis_test

import (
	"slices"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/internal/redislocal"
)

func TestBusContractOnServers(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, client goredis.UniversalClient) { busContract(t, client, 0, 1) })
}

func TestBusSurvivesOnServers(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]dial{
		"standalone": func() goredis.UniversalClient { return server.Client() },
		"cluster":    func() goredis.UniversalClient { return cluster.Client() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crashes(t, d)
		})
	}
}

// Redis is killed, and started again on what it had written, while events are
// published and delivered.
func TestBusSurvivesTheDeathOfRedis(t *testing.T) {
	t.Parallel()
	durable, err := redislocal.Start(t.Context(), redislocal.Options{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	defer durable.Stop()
	d := dial(func() goredis.UniversalClient { return durable.Client() })
	config := quick()
	config.LeaseTTL = time.Second
	var delivered record
	stops := []func(){
		consuming(t, newBackend(d.connect(t), config), delivered.deliver),
		consuming(t, newBackend(d.connect(t), config), delivered.deliver),
	}
	bus := newBackend(d.connect(t), config)
	var taken []string
	published := make(chan struct{})
	go func() {
		defer close(published)
		for _, id := range number(900) {
			// A refusal leaves open whether the event was taken; only the others count.
			if bus.Publish(t.Context(), events("t", id)...) == nil {
				taken = append(taken, id)
			}
		}
	}()
	for kill := range 3 {
		eventually(t, "nothing more is delivered", func() bool { return delivered.len() > 200*(kill+1) })
		durable.Kill()
		if err := durable.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	<-published
	drained(t, bus)
	for _, stop := range stops {
		stop()
	}
	got := firsts(delivered.ids("t"))
	if !slices.IsSorted(got) {
		t.Errorf("first deliveries are out of order: %q", got)
	}
	for _, id := range taken {
		if !slices.Contains(got, id) {
			t.Errorf("event %s was published and not delivered", id)
		}
	}
	t.Logf("%d events published, %d delivered, %d repeats", len(taken), len(got), delivered.len()-len(got))
}
