package redislocal

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// clusterSize is three masters with a replica each.
const clusterSize = 6

// Cluster is a Redis Cluster of six processes. Its methods may be called
// concurrently.
type Cluster struct {
	servers []*Server
}

// StartCluster starts three masters and three replicas, which fail over after a
// second, and returns once every one of them says that the cluster is whole. The
// context and the error are as those of Start.
func StartCluster(ctx context.Context) (*Cluster, error) {
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		return nil, errMissing
	}
	c := &Cluster{}
	for range clusterSize {
		server, err := Start(ctx, Options{Settings: []string{"--cluster-enabled", "yes", "--cluster-node-timeout", "1000"}})
		if err != nil {
			c.Stop()
			return nil, err
		}
		c.servers = append(c.servers, server)
	}
	if err := c.join(ctx, cli); err != nil {
		c.Stop()
		return nil, fmt.Errorf("redislocal: %w", err)
	}
	return c, nil
}

// join makes the servers a cluster.
func (c *Cluster) join(ctx context.Context, cli string) error {
	arguments := append([]string{"--cluster", "create"}, c.Addrs()...)
	arguments = append(arguments, "--cluster-replicas", "1", "--cluster-yes")
	//nolint:gosec // Found on the user's own path.
	if output, err := exec.CommandContext(ctx, cli, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("redis-cli --cluster create: %w: %s", err, bytes.TrimSpace(output))
	}
	for _, server := range c.servers {
		if err := server.joined(ctx); err != nil {
			return err
		}
	}
	return nil
}

// joined returns nil once the server finds the cluster whole, with a master and a
// replica for every slot, and has caught up with its master if it is a replica.
func (s *Server) joined(ctx context.Context) error {
	return s.until(ctx, func(client *goredis.Client) bool {
		state, _ := client.ClusterInfo(ctx).Result()
		slots, _ := client.ClusterSlots(ctx).Result() //nolint:staticcheck // Its successor needs Redis 7.
		replication, _ := client.Info(ctx, "replication").Result()
		alone := func(slot goredis.ClusterSlot) bool { return len(slot.Nodes) < 2 }
		return strings.Contains(state, "cluster_state:ok") && !slices.ContainsFunc(slots, alone) &&
			replication != "" && !strings.Contains(replication, "master_link_status:down")
	})
}

// Servers are the processes, in no order.
func (c *Cluster) Servers() []*Server { return c.servers }

// Addrs are the hosts and ports of all of them.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.servers))
	for i, server := range c.servers {
		addrs[i] = server.Addr()
	}
	return addrs
}

// Client returns a client of the cluster, which the caller closes.
func (c *Cluster) Client() *goredis.ClusterClient {
	return goredis.NewClusterClient(&goredis.ClusterOptions{Addrs: c.Addrs(), ContextTimeoutEnabled: true})
}

// Stop ends the cluster, and with it everything it keeps. Again is harmless.
func (c *Cluster) Stop() {
	for _, server := range c.servers {
		server.Stop()
	}
}
