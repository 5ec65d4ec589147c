package redis_test

import (
	"errors"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
)

// TestErrorKinds: what the server says, as the client passes it on.
func TestErrorKinds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for said, kind := range map[string]error{
		"LOADING Redis is loading the dataset in memory":                                    ports.ErrThrottled,
		"CLUSTERDOWN The cluster is down":                                                   ports.ErrThrottled,
		"OOM command not allowed when used memory > 'maxmemory'.":                           ports.ErrThrottled,
		"READONLY You can't write against a read only replica.":                             ports.ErrThrottled,
		"TRYAGAIN Multiple keys request during rehashing of slot":                           ports.ErrThrottled,
		"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.":  ports.ErrThrottled,
		"NOREPLICAS Not enough good replicas to write.":                                     ports.ErrThrottled,
		"BUSY Redis is busy running a script. You can only call SCRIPT KILL.":               ports.ErrThrottled,
		"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to.":  ports.ErrThrottled,
		"ERR max number of clients reached":                                                 ports.ErrThrottled,
		"WRONGTYPE Operation against a key holding the wrong kind of value":                 nil,
		"NOPERM User default has no permissions to run the 'evalsha' command":               nil,
		"ERR unknown command 'EVALSHA', with args beginning with: '0', '1', 'key', 'TOKEN'": nil,
	} {
		f.server.SetError(said)
		err := f.AddOperation(t.Context(), f.operation("1", "topic"))
		failed, ok := errors.AsType[*ports.Error](err)
		if !ok || failed.Op != "redis.AddOperation" || !errors.Is(failed.Kind, kind) {
			t.Errorf("%s: got %#v, want the kind %v", said, err, kind)
			continue
		}
		if _, ok := errors.AsType[goredis.Error](err); !ok {
			t.Errorf("%s: the server's error is not to be found in %#v", said, err)
		}
		if strings.Contains(err.Error(), "TOKEN") {
			t.Errorf("the error tells what was sent: %v", err)
		}
	}
}

func TestPoolTimeoutIsThrottled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	client := goredis.NewClient(&goredis.Options{Addr: f.server.Addr(), PoolSize: 1, PoolTimeout: 1, MaxRetries: -1})
	defer client.Close()
	held := client.Conn()
	defer held.Close()
	success(t, held.Ping(t.Context()).Err())
	_, err := newBackend(client, redis.Config{}).GetConnection(t.Context(), "connection")
	refused(t, err, ports.ErrThrottled)
}
