//go:build integration

package redis_test

import (
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/internal/redislocal"
)

// laterCommands are those that Redis has had since 7.0.
func laterCommands() []string {
	return []string{
		"spublish", "ssubscribe", "sunsubscribe", "function", "fcall", "fcall_ro", "eval_ro", "evalsha_ro",
		"expiretime", "pexpiretime", "lcs", "lmpop", "blmpop", "zmpop", "bzmpop", "sintercard", "zintercard", "sort_ro",
	}
}

// A server that lacks them does as well.
func TestWithoutLaterCommands(t *testing.T) {
	t.Parallel()
	var settings []string
	for _, command := range laterCommands() {
		settings = append(settings, "--rename-command", command, "")
	}
	old, err := redislocal.Start(t.Context(), redislocal.Options{Settings: settings})
	success(t, err)
	defer old.Stop()
	connect := func() goredis.UniversalClient { return old.Client() }
	client := connect()
	defer client.Close()
	if err := client.SPublish(t.Context(), "channel", "message").Err(); err == nil {
		t.Error("the server has commands of Redis 7.0")
	}
	t.Run("store", func(t *testing.T) { storeContract(t, client, redis.Config{}) })
	t.Run("bus", func(t *testing.T) { busContract(t, client) })
	t.Run("router", func(t *testing.T) { routerContract(t, &fleet{t: t, client: connect, config: quickRouter()}) })
}
