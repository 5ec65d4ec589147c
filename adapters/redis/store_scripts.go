package redis

import (
	_ "embed" // for the sources of the scripts
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
	//go:embed lua/connection_operations.lua
	connectionOperations string
	//go:embed lua/connection_touch.lua
	connectionTouch string
	//go:embed lua/listing_clear.lua
	listingClear string
	//go:embed lua/listing_extend.lua
	listingExtend string
	//go:embed lua/listing_get.lua
	listingGet string
	//go:embed lua/listing_move.lua
	listingMove string
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
	checkpointLoad                                                      *script
	connectionCreate, connectionDelete, connectionForget, connectionGet *script
	connectionInit, connectionOperations, connectionTouch               *script
	listingClear, listingExtend, listingGet, listingMove                *script
	listingPage, listingPlace                                           *script
	operationAdd, operationForget, operationRemove                      *script
}

func newStoreScripts() storeScripts {
	return storeScripts{
		checkpointLoad:       newScript("checkpoint_load", checkpointLoad),
		connectionCreate:     newScript("connection_create", connectionCreate),
		connectionDelete:     newScript("connection_delete", connectionDelete),
		connectionForget:     newScript("connection_forget", connectionForget),
		connectionGet:        newScript("connection_get", connectionGet),
		connectionInit:       newScript("connection_init", connectionInit),
		connectionOperations: newScript("connection_operations", connectionOperations),
		connectionTouch:      newScript("connection_touch", connectionTouch),
		listingClear:         newScript("listing_clear", listingClear),
		listingExtend:        newScript("listing_extend", listingExtend),
		listingGet:           newScript("listing_get", listingGet),
		listingMove:          newScript("listing_move", listingMove),
		listingPage:          newScript("listing_page", listingPage),
		listingPlace:         newScript("listing_place", listingPlace),
		operationAdd:         newScript("operation_add", operationAdd),
		operationForget:      newScript("operation_forget", operationForget),
		operationRemove:      newScript("operation_remove", operationRemove),
	}
}
