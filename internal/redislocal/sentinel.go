package redislocal

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// MasterName is what the sentinels and their clients call the primary.
const MasterName = "fanql"

// sentinels is how many there are; two of them agree on a failover.
const sentinels = 3

// Sentinel is a primary with a replica, watched by three sentinels, all of them
// processes. Its methods may be called concurrently.
type Sentinel struct {
	// Primary and Replica are what they are at the start.
	Primary, Replica *Server

	sentinels []*Server
}

// StartSentinel starts all of them, and returns once the replica has caught up and
// the sentinels know it and each other. They count a server as down after a second
// without an answer. Options are those of the two servers. The context and the
// error are as those of Start.
func StartSentinel(ctx context.Context, options Options) (*Sentinel, error) {
	s := &Sentinel{}
	if err := s.start(ctx, options); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Sentinel) start(ctx context.Context, options Options) (err error) {
	if s.Primary, err = Start(ctx, options); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(s.Primary.Addr())
	if err != nil {
		return fmt.Errorf("redislocal: %w", err)
	}
	options.Settings = append([]string{"--replicaof", host, port}, options.Settings...)
	if s.Replica, err = Start(ctx, options); err != nil {
		return err
	}
	for range sentinels {
		sentinel, err := startSentinel(ctx, host, port)
		if err != nil {
			return err
		}
		s.sentinels = append(s.sentinels, sentinel)
	}
	return s.settled(ctx)
}

// startSentinel starts one that watches the primary. It keeps what it learns in
// its configuration file.
func startSentinel(ctx context.Context, host, port string) (*Server, error) {
	return launch(ctx, func(own int, directory string) ([]string, error) {
		file := filepath.Join(directory, "sentinel.conf")
		lines := []string{
			fmt.Sprintf("port %d", own), "bind 127.0.0.1", "dir " + directory,
			fmt.Sprintf("sentinel monitor %s %s %s %d", MasterName, host, port, sentinels/2+1),
			"sentinel down-after-milliseconds " + MasterName + " 1000",
			"sentinel failover-timeout " + MasterName + " 5000",
		}
		return []string{file, "--sentinel"}, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
	})
}

// settled returns nil once the replica has what the primary has, and every
// sentinel knows all of them.
func (s *Sentinel) settled(ctx context.Context) error {
	if err := s.Replica.until(ctx, func(client *goredis.Client) bool {
		info, _ := client.Info(ctx, "replication").Result()
		return strings.Contains(info, "master_link_status:up")
	}); err != nil {
		return err
	}
	for _, sentinel := range s.sentinels {
		if err := sentinel.until(ctx, func(client *goredis.Client) bool {
			master := goredis.NewMapStringStringCmd(ctx, "SENTINEL", "MASTER", MasterName)
			_ = client.Process(ctx, master) // Without an answer it knows nobody.
			known := master.Val()
			return known["num-slaves"] == "1" && known["num-other-sentinels"] == strconv.Itoa(sentinels-1)
		}); err != nil {
			return err
		}
	}
	return nil
}

// Addrs are the hosts and ports of the sentinels.
func (s *Sentinel) Addrs() []string {
	addrs := make([]string, len(s.sentinels))
	for i, sentinel := range s.sentinels {
		addrs[i] = sentinel.Addr()
	}
	return addrs
}

// Client returns a client of whichever server is the primary, which the caller
// closes.
func (s *Sentinel) Client() goredis.UniversalClient {
	return goredis.NewUniversalClient(&goredis.UniversalOptions{
		Addrs: s.Addrs(), MasterName: MasterName, ContextTimeoutEnabled: true,
	})
}

// Stop ends all of them, and with them everything they keep. Again is harmless.
func (s *Sentinel) Stop() {
	for _, server := range append([]*Server{s.Primary, s.Replica}, s.sentinels...) {
		if server != nil { // One before it did not start.
			server.Stop()
		}
	}
}
