//go:build e2e

package stores

import (
	"testing"

	"github.com/fanql/fanql/e2e/internal/clients"
	"github.com/fanql/fanql/e2e/internal/program"
	"github.com/fanql/fanql/internal/redislocal"
)

// Every backend with each library; memory is the parent package's.
func TestClientsOnRedis(t *testing.T) {
	program.OnEachLibrary(t, func(t *testing.T, library program.Library) {
		chat := program.StartWith(t, library.Tags, "examples/chat/redis", "-addr", "127.0.0.1:0", "-redis", startRedis(t))
		clients.Test(t, chat.Base, clients.InOrder)
	})
}

func TestClientsOnDynamoDB(t *testing.T) {
	program.OnEachLibrary(t, func(t *testing.T, library program.Library) {
		chat := program.StartWith(t, library.Tags, "examples/chat/dynamodb", "-addr", "127.0.0.1:0")
		clients.Test(t, chat.Base, clients.InOrder)
	})
}

func startRedis(t *testing.T) string {
	t.Helper()
	redis, err := redislocal.Start(t.Context(), redislocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Stop)
	return redis.Addr()
}
