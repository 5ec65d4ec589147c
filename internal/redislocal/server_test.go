//go:build integration

package redislocal_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/fanql/fanql/internal/redislocal"
)

func TestServerSurvivesAKill(t *testing.T) {
	server, err := redislocal.Start(t.Context(), redislocal.Options{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	client := server.Client()
	defer func() { _ = client.Close() }()
	if err := client.Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	refuses(t, server)
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if value, err := client.Get(t.Context(), "key").Result(); err != nil || value != "value" {
		t.Errorf("after the restart the key is %q, %v", value, err)
	}
	server.Stop()
	server.Stop()
	refuses(t, server)
}

func refuses(t *testing.T, server *redislocal.Server) {
	t.Helper()
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Addr())
	if err == nil {
		_ = connection.Close()
		t.Errorf("the server still takes connections")
	}
}

func TestServerSaysWhatItMinds(t *testing.T) {
	_, err := redislocal.Start(t.Context(), redislocal.Options{Settings: []string{"--no-such-setting", "1"}})
	if err == nil {
		t.Fatal("a server with a wrong setting has started")
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cluster, err := redislocal.StartCluster(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop()
	if got := len(cluster.Servers()); got != 6 {
		t.Errorf("%d servers, want 6", got)
	}
	client := cluster.Client()
	defer func() { _ = client.Close() }()
	for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
		if err := client.Set(ctx, key, key, 0).Err(); err != nil {
			t.Errorf("SET %s: %v", key, err)
		}
	}
	slots, err := client.ClusterSlots(ctx).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, slot := range slots {
		if len(slot.Nodes) != 2 {
			t.Errorf("the slots from %d to %d have %d nodes, want a master and a replica", slot.Start, slot.End, len(slot.Nodes))
		}
	}
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sentinel, err := redislocal.StartSentinel(ctx, redislocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sentinel.Stop()
	client := sentinel.Client()
	defer func() { _ = client.Close() }()
	if err := client.Set(ctx, "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Do(ctx, "WAIT", 1, 10_000).Int(); err != nil || n != 1 {
		t.Fatalf("%d replicas have the key, %v", n, err)
	}
	sentinel.Primary.Kill()
	began := time.Now()
	for err = client.Set(ctx, "other", "value", 0).Err(); err != nil; err = client.Set(ctx, "other", "value", 0).Err() {
		if ctx.Err() != nil {
			t.Fatalf("there is no new primary: %v", err)
		}
	}
	t.Logf("the failover took %v", time.Since(began).Round(10*time.Millisecond))
	if value, err := client.Get(ctx, "key").Result(); err != nil || value != "value" {
		t.Errorf("after the failover the key is %q, %v", value, err)
	}
}
