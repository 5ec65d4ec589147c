// Chat is FanQL's example: a chat page and a GraphQL explorer on one server, with
// everything in memory. `make run` builds the pages and starts it. The folders redis,
// dynamodb and lambda have the same chat elsewhere, fleet starts several on one Redis.
package main

import (
	"context"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/examples/chat/internal/server"
	"github.com/fanql/fanql/examples/chat/schema"
)

func main() {
	flags := server.NewFlags()
	server.Main(func(ctx context.Context) error {
		backend, err := memory.New(memory.Config{})
		if err != nil {
			return err
		}
		return server.Run(ctx, flags, server.Parts{
			Backend: backend, History: schema.NewMemoryHistory(schema.DefaultRooms()...),
		})
	})
}
