//go:build integration

package redis_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/fanql/fanql/internal/redislocal"
)

// server and cluster are real ones, for all tests of the package that do no harm
// to them.
var (
	server  *redislocal.Server
	cluster *redislocal.Cluster
)

func TestMain(m *testing.M) {
	// Most tests wait more than they compute. The command line has the last word.
	if err := flag.Set("test.parallel", fmt.Sprint(3*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	logging.Disable() // Tests break connections on purpose.
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	var err error
	if server, err = redislocal.Start(ctx, redislocal.Options{}); err == nil {
		defer server.Stop()
		cluster, err = redislocal.StartCluster(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cluster.Stop()
	running := goleak.IgnoreCurrent()
	code := m.Run()
	if err := goleak.Find(running); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}

// onServers runs a test on a server and on a cluster.
func onServers(t *testing.T, test func(t *testing.T, client goredis.UniversalClient)) {
	t.Helper()
	t.Run("standalone", func(t *testing.T) {
		t.Parallel()
		client := server.Client()
		defer client.Close()
		test(t, client)
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		client := cluster.Client()
		defer client.Close()
		test(t, client)
	})
}

// newServer returns a client of a server of its own: Redis, which is many times faster than
// miniredis under the race detector.
func newServer(t *testing.T) *goredis.Client {
	t.Helper()
	own, err := redislocal.Start(t.Context(), redislocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client := own.Client()
	t.Cleanup(func() {
		_ = client.Close()
		own.Stop()
	})
	return client
}
