// Subgraph is one of two subgraphs of a federated graph whose router gives callback
// URLs: it holds no connection of any subscriber. In memory a subscription ends with the
// process; on Redis the process may end, and another one goes on.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/callback"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/examples/subgraph/products"
	"github.com/fanql/fanql/examples/subgraph/reviews"
	"github.com/fanql/fanql/ports"
)

func main() {
	address := flag.String("addr", "127.0.0.1:4001", "address to listen on; port 0 takes a free one")
	subgraph := flag.String("subgraph", "reviews", "reviews or products")
	allow := flag.String("allow", "http://127.0.0.1:4000/callback", "how callback URLs begin, with commas between")
	redisAddress := flag.String("redis", "", "address of Redis; none keeps everything in memory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *subgraph, *address, *allow, *redisAddress)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "subgraph:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, subgraph, address, allow, redisAddress string) error {
	schema, err := newSchema(subgraph) //nolint:contextcheck // resolvers have contexts of their own
	if err != nil {
		return err
	}
	var backend ports.Backend
	if redisAddress != "" {
		client := goredis.NewClient(&goredis.Options{Addr: redisAddress})
		defer func() { _ = client.Close() }()
		if backend, err = redis.New(redis.Config{Client: client, Prefix: subgraph + ":"}); err != nil {
			return err
		}
	}
	// docs:start server
	server, err := fanql.NewServer(fanql.Config{
		Schema: schema, Backend: backend,
		Callbacks: &callback.Config{Allow: strings.Split(allow, ",")},
	})
	// docs:end server
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	fmt.Printf("%s: listening on http://%s\n", subgraph, listener.Addr())
	return server.Serve(ctx, listener)
}

func newSchema(subgraph string) (ports.Schema, error) {
	if subgraph == "products" {
		return products.New()
	}
	return reviews.New()
}
