package redis

import (
	_ "embed" // for the scripts
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
	//go:embed lua/bus_dead_letter.lua
	busDeadLetter string
)

// busScripts are what a Bus runs in Redis. Each touches one slot.
type busScripts struct {
	publish, join, acquire, renew, release, read, count, settle, deadLetter *script
}

func newBusScripts() busScripts {
	return busScripts{
		publish:    newScript("bus_publish", busPublish),
		join:       newScript("bus_join", busJoin),
		acquire:    newScript("bus_acquire", busAcquire),
		renew:      newScript("bus_renew", busRenew),
		release:    newScript("bus_release", busRelease),
		read:       newScript("bus_read", busRead),
		count:      newScript("bus_count", busCount),
		settle:     newScript("bus_settle", busSettle),
		deadLetter: newScript("bus_dead_letter", busDeadLetter),
	}
}
