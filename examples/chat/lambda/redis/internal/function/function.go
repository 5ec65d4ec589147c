// Package function is what the chat's Lambda functions on Redis have in common.
package function

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/chat/lambda/internal/role"
	"github.com/fanql/fanql/examples/chat/lambda/redis/internal/backend"
	"github.com/fanql/fanql/ports"
)

// connections is how many a process keeps to a node of Redis: it has one
// invocation at a time, and there may be thousands of it.
const connections = 4

// NewEngine composes the chat's engine. FANQL_DELIVERY says who delivers what is
// published: direct, the invocation that publishes; worker, the worker. It does no
// I/O.
func NewEngine(settings backend.Settings, logger *slog.Logger) (*core.Engine, error) {
	client := settings.NewClient(connections) // closed by the end of the process
	kept, err := settings.NewBackend(client, logger)
	if err != nil {
		return nil, err
	}
	var engine *core.Engine
	var bus ports.EventBus
	switch delivery := os.Getenv("FANQL_DELIVERY"); delivery {
	case "direct":
		direct, err := memory.NewDirect(func(ctx context.Context, events []ports.Event) []error { return engine.Deliver(ctx, events) })
		if err != nil {
			return nil, err
		}
		bus = direct
	case "worker":
		bus = kept
	default:
		return nil, fmt.Errorf("FANQL_DELIVERY is %q, and has to be direct or worker", delivery)
	}
	engine, err = settings.NewEngine(client, kept, bus, role.Credentials(), logger)
	return engine, err
}
