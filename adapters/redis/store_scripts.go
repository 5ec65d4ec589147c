package redis

import (
	_ "embed" // for the sources of the scripts

	goredis "github.com/redis/go-redis/v9"
)

// The sources of the store's scripts. What each takes and returns stands in its
// first lines.
var (
	//go:embed lua/checkpoint_load.lua
	checkpointLoad string
	//go:embed lua/connection_create.lua
	connectionCreate string
	//go:embed lua/connection_delete.lua
	connectionDelete string
	//go:embed lua/connection_forget.lua
	connectionForget string
	//go:embed lua/connection_get.lua
	connectionGet string
	//go:embed lua/connection_init.lua
	connectionInit string
	//go:embed lua/connection_touch.lua
	connectionTouch string
	//go:embed lua/listing_clear.lua
	listingClear string
	//go:embed lua/listing_extend.lua
	listingExtend string
	//go:embed lua/listing_page.lua
	listingPage string
	//go:embed lua/listing_place.lua
	listingPlace string
	//go:embed lua/operation_add.lua
	operationAdd string
	//go:embed lua/operation_forget.lua
	operationForget string
	//go:embed lua/operation_remove.lua
	operationRemove string
)

// storeScripts are a Store's.
type storeScripts struct {
	checkpointLoad                                                      *goredis.Script
	connectionCreate, connectionDelete, connectionForget, connectionGet *goredis.Script
	connectionInit, connectionTouch                                     *goredis.Script
	listingClear, listingExtend, listingPage, listingPlace              *goredis.Script
	operationAdd, operationForget, operationRemove                      *goredis.Script
}

func newStoreScripts() storeScripts {
	return storeScripts{
		checkpointLoad:   goredis.NewScript(checkpointLoad),
		connectionCreate: goredis.NewScript(connectionCreate),
		connectionDelete: goredis.NewScript(connectionDelete),
		connectionForget: goredis.NewScript(connectionForget),
		connectionGet:    goredis.NewScript(connectionGet),
		connectionInit:   goredis.NewScript(connectionInit),
		connectionTouch:  goredis.NewScript(connectionTouch),
		listingClear:     goredis.NewScript(listingClear),
		listingExtend:    goredis.NewScript(listingExtend),
		listingPage:      goredis.NewScript(listingPage),
		listingPlace:     goredis.NewScript(listingPlace),
		operationAdd:     goredis.NewScript(operationAdd),
		operationForget:  goredis.NewScript(operationForget),
		operationRemove:  goredis.NewScript(operationRemove),
	}
}
