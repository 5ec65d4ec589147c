//go:build integration

package redis_test

import (
	"fmt"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
)

func TestStoreContractOnServers(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, client goredis.UniversalClient) {
		for _, pageSize := range []int{0, 3} {
			t.Run(fmt.Sprintf("page size %d", pageSize), func(t *testing.T) {
				storeContract(t, client, redis.Config{PageSize: pageSize})
			})
		}
	})
}

func TestStoreContractOnServersWhenEveryRequestComesTwice(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, client goredis.UniversalClient) {
		client.AddHook(&hook{twice: true})
		storeContract(t, client, redis.Config{Prefix: "twice:"})
	})
}

// TestStoreContractWhereTheClientReadsFromReplicas: those lag behind, and a read
// that decides something must not.
func TestStoreContractWhereTheClientReadsFromReplicas(t *testing.T) {
	t.Parallel()
	client := goredis.NewClusterClient(&goredis.ClusterOptions{
		Addrs: cluster.Addrs(), ReadOnly: true, RouteRandomly: true, ContextTimeoutEnabled: true,
	})
	defer client.Close()
	storeContract(t, client, redis.Config{Prefix: "replicas:"})
}
