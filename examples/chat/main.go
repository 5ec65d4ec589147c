// Chat is FanQL's example: a chat page and a GraphQL explorer on one server, by
// default with everything in memory. `make run` builds the pages and starts it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/chat/library"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/examples/chat/web"
)

func main() {
	address := flag.String("addr", "127.0.0.1:8080", "address to listen on; port 0 takes a free one")
	pages := flag.String("web", web.Folder, "folder of the built pages")
	var options options
	flag.StringVar(&options.store, "store", "memory", "memory, redis or dynamodb")
	flag.StringVar(&options.redis, "redis", "127.0.0.1:6379", "address of Redis; several, with commas between, are a Cluster's")
	flag.StringVar(&options.dynamoDB, "dynamodb", "", "endpoint of a DynamoDB Local; none starts one")
	flag.StringVar(&options.process, "process", "", "name of this process in its fleet, which no other has; none makes one up")
	flag.StringVar(&options.telemetry, "telemetry", "", "file to write traces and metrics to, as JSON; none, nothing is recorded")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *address, *pages, options)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

// options are the flags that choose what the chat runs on.
type options struct {
	store, redis, dynamoDB, process, telemetry string
}

// run serves until the context ends, and then lets everyone go.
func run(ctx context.Context, address, pages string, options options) (err error) {
	backend, err := newBackend(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.close()) }()
	telemetry, err := newTelemetry(options.telemetry)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, telemetry.close(context.WithoutCancel(ctx))) }()
	chat, err := library.New(backend.history)
	if err != nil {
		return err
	}
	// docs:start server
	server, err := fanql.NewServer(fanql.Config{
		Schema: chat, Hooks: schema.Hooks(), Backend: backend.kept, Process: options.process, Pages: web.Handler(pages),
		Core: func(c *core.Config) { c.Observer = telemetry.observer() },
	})
	// docs:end server
	if err != nil {
		return err
	}
	if err := telemetry.measure(server, backend); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	announce(listener.Addr(), pages)
	return server.Serve(ctx, listener)
}

func announce(address net.Addr, pages string) {
	base := "http://" + address.String()
	fmt.Println("listening on", base)
	if web.Built(pages) {
		fmt.Println("chat         ", base+"/")
		fmt.Println("explorer     ", base+"/explorer")
	} else {
		fmt.Println("the pages are not built: `make run` builds them and needs npm (apt-get install npm)")
	}
	fmt.Println("GraphQL      ", base+"/graphql (HTTP and WebSocket)")
	fmt.Println("probes       ", base+"/livez", base+"/readyz")
}
