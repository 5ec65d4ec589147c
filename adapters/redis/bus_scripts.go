package redis

import (
	_ "embed" // for the scripts

	goredis "github.com/redis/go-redis/v9"
)

// The sources of the bus's scripts. Each says what it takes and returns.
var (
	//go:embed lua/bus_publish.lua
	busPublish string
	//go:embed lua/bus_join.lua
	busJoin string
	//go:embed lua/bus_acquire.lua
	busAcquire string
	//go:embed lua/bus_renew.lua
	busRenew string
	//go:embed lua/bus_release.lua
	busRelease string
	//go:embed lua/bus_read.lua
	busRead string
	//go:embed lua/bus_count.lua
	busCount string
	//go:embed lua/bus_settle.lua
	busSettle string
	//go:embed lua/bus_bury.lua
	busBury string
)

// busScripts are what a Bus runs in Redis. Each touches one slot.
type busScripts struct {
	publish, join, acquire, renew, release, read, count, settle, bury *goredis.Script
}

func newBusScripts() busScripts {
	return busScripts{
		publish: goredis.NewScript(busPublish),
		join:    goredis.NewScript(busJoin),
		acquire: goredis.NewScript(busAcquire),
		renew:   goredis.NewScript(busRenew),
		release: goredis.NewScript(busRelease),
		read:    goredis.NewScript(busRead),
		count:   goredis.NewScript(busCount),
		settle:  goredis.NewScript(busSettle),
		bury:    goredis.NewScript(busBury),
	}
}
