//go:build e2e

package outages

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/internal/redislocal"
)

// channelOfA is the channel of the gateway a of a fleet with the default prefix.
const channelOfA = "fanql:{g:a}:channel"

func startCluster(t *testing.T) *redislocal.Cluster {
	t.Helper()
	cluster, err := redislocal.StartCluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	return cluster
}

// slotOfA is the slot of the channel, with the address of its master.
func slotOfA(t *testing.T, client *goredis.ClusterClient) (slot int64, master string) {
	t.Helper()
	slot, err := client.ClusterKeySlot(t.Context(), channelOfA).Result()
	if err != nil {
		t.Fatal(err)
	}
	node, err := client.MasterForKey(t.Context(), channelOfA)
	if err != nil {
		t.Fatal(err)
	}
	return slot, node.Options().Addr
}

// TestChannelsSlotMoves: to another node, and back when the outage ends.
func TestChannelsSlotMoves(t *testing.T) {
	t.Parallel()
	for _, length := range lengths() {
		t.Run(length.String(), func(t *testing.T) {
			t.Parallel()
			cluster := startCluster(t)
			client := cluster.Client()
			defer func() { _ = client.Close() }()
			slot, at := slotOfA(t, client)
			f := startFleet(t, func() goredis.UniversalClient { return cluster.Client() }, cluster.Client())
			cell{
				row: "the slot of a gateway's channel moves in a Cluster", length: length, publisher: f.publisher, urls: f.urls,
				begin: func(t *testing.T) func() {
					masters := mastersOf(t, client)
					moveSlot(t, masters, slot, func(address string) bool { return address != at })
					return func() { moveSlot(t, masters, slot, func(address string) bool { return address == at }) }
				},
			}.run(t)
		})
	}
}

func mastersOf(t *testing.T, client *goredis.ClusterClient) (masters []*goredis.Client) {
	t.Helper()
	var mu sync.Mutex
	if err := client.ForEachMaster(t.Context(), func(_ context.Context, node *goredis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		masters = append(masters, node)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return masters
}

// moveSlot gives an empty slot to the first of the masters that is chosen.
func moveSlot(t *testing.T, masters []*goredis.Client, slot int64, chosen func(address string) bool) {
	t.Helper()
	for _, to := range masters {
		if !chosen(to.Options().Addr) {
			continue
		}
		id, err := to.Do(t.Context(), "CLUSTER", "MYID").Text()
		// An import makes its claim newer than that of the former owner, which may win otherwise.
		for _, from := range masters {
			if from != to {
				_ = to.Do(t.Context(), "CLUSTER", "SETSLOT", slot, "IMPORTING", from.Do(t.Context(), "CLUSTER", "MYID").Val()).Err() // it may be the owner
				break
			}
		}
		for _, node := range append([]*goredis.Client{to}, masters...) {
			err = errors.Join(err, node.Do(t.Context(), "CLUSTER", "SETSLOT", slot, "NODE", id).Err())
		}
		if err != nil {
			t.Errorf("moving the slot: %v", err)
		}
		return
	}
}

// killed are how long servers are away at least: a failover takes more than a second.
func killed() []time.Duration {
	if *full {
		return []time.Duration{time.Second, 3 * time.Second, 30 * time.Second}
	}
	return []time.Duration{time.Second}
}

// TestMasterIsKilled: the one with the channel of a gateway. It comes back, as a
// replica, when another has taken its place and the outage ends.
func TestMasterIsKilled(t *testing.T) {
	t.Parallel()
	for _, length := range killed() {
		t.Run(length.String(), func(t *testing.T) {
			t.Parallel()
			cluster := startCluster(t)
			client := cluster.Client()
			defer func() { _ = client.Close() }()
			_, at := slotOfA(t, client)
			f := startFleet(t, func() goredis.UniversalClient { return cluster.Client() }, cluster.Client())
			cell{
				row: "the master of a gateway's channel is killed in a Cluster", length: length, publisher: f.publisher, urls: f.urls, lost: true,
				begin: func(t *testing.T) func() { return killMaster(t, cluster, at) },
			}.run(t)
		})
	}
}

// killMaster kills the server at an address. The function that it returns starts it
// again once a replica has its slots.
func killMaster(t *testing.T, cluster *redislocal.Cluster, address string) (end func()) {
	for _, server := range cluster.Servers() {
		if server.Addr() != address {
			continue
		}
		server.Kill()
		return func() {
			client := cluster.Client()
			defer func() { _ = client.Close() }()
			if !eventually(t.Context(), patience, func() bool {
				client.ReloadState(t.Context())
				node, err := client.MasterForKey(t.Context(), channelOfA)
				return err == nil && node.Options().Addr != address && node.Ping(t.Context()).Err() == nil
			}) {
				t.Error("no replica took the master's place")
			}
			restart(t, server)
		}
	}
	t.Fatalf("no server at %s", address)
	return nil
}

func restart(t *testing.T, server *redislocal.Server) {
	if err := server.Restart(t.Context()); err != nil {
		t.Errorf("starting a server again: %v", err)
	}
}

// useAsPrimary reports whether a server is a primary, and the clients are at it.
func useAsPrimary(t *testing.T, clients []goredis.UniversalClient, server *redislocal.Server) bool {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, port, _ := strings.Cut(server.Addr(), ":")
	for _, client := range clients {
		if !strings.Contains(client.Info(ctx, "server").Val(), "tcp_port:"+port) ||
			!strings.Contains(client.Info(ctx, "replication").Val(), "role:master") {
			return false
		}
	}
	return true
}

// TestPrimaryIsKilled: Sentinel makes the replica the primary, and when the outage ends
// the other one comes back as its replica.
func TestPrimaryIsKilled(t *testing.T) {
	t.Parallel()
	for _, length := range killed() {
		t.Run(length.String(), func(t *testing.T) {
			t.Parallel()
			sentinel, err := redislocal.StartSentinel(t.Context(), redislocal.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(sentinel.Stop)
			f := startFleet(t, sentinel.Client, sentinel.Client())
			cell{
				row: "the primary is killed, and Sentinel fails over", length: length, publisher: f.publisher, urls: f.urls, lost: true,
				begin: func(t *testing.T) func() {
					sentinel.Primary.Kill()
					return func() {
						// Clients who are not there yet would write to a primary without data, and lose it.
						if !eventually(t.Context(), patience, func() bool { return useAsPrimary(t, f.clients, sentinel.Replica) }) {
							t.Error("the replica did not become the primary")
						}
						restart(t, sentinel.Primary)
					}
				},
			}.run(t)
		})
	}
}
