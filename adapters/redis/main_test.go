//go:build !integration

package redis_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	logging.Disable() // Tests break connections on purpose.
	goleak.VerifyTestMain(m)
}

// newServer returns a client of a server of its own: miniredis, which needs nothing but Go.
func newServer(t *testing.T) *goredis.Client {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: miniredis.RunT(t).Addr(), ReadTimeout: patience})
	t.Cleanup(func() { _ = client.Close() })
	return client
}
