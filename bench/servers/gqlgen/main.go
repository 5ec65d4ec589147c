// Gqlgen is gqlgen's own server with its WebSocket transport, set up as the
// template of `gqlgen init` does it.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/bench/internal/peer"
	"github.com/fanql/fanql/bench/servers/gqlgen/graph"
)

//go:generate go tool gqlgen generate

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gqlgen:", err)
		os.Exit(1)
	}
}

func run() error {
	broker := peer.NewBroker[*peer.Message]()
	server := handler.New(graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{Broker: broker}}))
	server.AddTransport(transport.Websocket{
		KeepAlivePingInterval: 10 * time.Second,
		InitFunc: func(ctx context.Context, payload transport.InitPayload) (context.Context, *transport.InitPayload, error) {
			return graph.WithState(ctx, peer.State{Name: payload.GetString("name")}), nil, nil
		},
	})
	server.SetQueryCache(lru.New[*ast.QueryDocument](1000))
	return peer.Serve(server, func(published ...peer.Message) error {
		for i := range published {
			broker.Publish(&published[i])
		}
		return nil
	})
}
