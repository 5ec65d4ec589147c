package redis_test

import (
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports/porttest"
)

// TestStoreContract has small pages. Those of the default size have the servers, and
// the test in which every request comes twice.
func TestStoreContract(t *testing.T) {
	t.Parallel()
	storeContract(t, newServer(t), redis.Config{PageSize: 3})
}

// storeContract runs the contract's suite on a server, whatever it is.
func storeContract(t *testing.T, client goredis.UniversalClient, config redis.Config) {
	t.Helper()
	store := func(clock *porttest.Clock) porttest.Store {
		config := config
		config.Now = clock.Now
		return newBackend(client, config)
	}
	porttest.TestStore(t, porttest.StoreAdapter{
		New:    func(_ *testing.T, clock *porttest.Clock) porttest.Store { return store(clock) },
		Reopen: func(_ *testing.T, clock *porttest.Clock, _ porttest.Store) porttest.Store { return store(clock) },
		Lacks:  []string{"TooLarge"},
	})
}
