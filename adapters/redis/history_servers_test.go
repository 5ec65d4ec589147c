//go:build integration

package redis_test

import (
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
)

func TestHistoryContractOnServers(t *testing.T) {
	onServers(t, func(t *testing.T, client goredis.UniversalClient) {
		historyContract(t, client, redis.Config{})
	})
}

func TestHistoryContractOnServersWhenEveryRequestComesTwice(t *testing.T) {
	onServers(t, func(t *testing.T, client goredis.UniversalClient) {
		client.AddHook(&hook{twice: true})
		historyContract(t, client, redis.Config{Prefix: "twice:"})
	})
}

// TestHistoryContractWhereTheClientReadsFromReplicas: a read has each Append that has
// returned, and a replica lags behind.
func TestHistoryContractWhereTheClientReadsFromReplicas(t *testing.T) {
	client := goredis.NewClusterClient(&goredis.ClusterOptions{
		Addrs: cluster.Addrs(), ReadOnly: true, RouteRandomly: true, ContextTimeoutEnabled: true,
	})
	defer client.Close()
	historyContract(t, client, redis.Config{Prefix: "replicas:"})
}
