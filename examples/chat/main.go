// Chat is FanQL's example: a chat page and a GraphQL explorer on one server, by
// default with everything in memory. `make run` builds the pages and starts it.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/examples/chat/web"
	"github.com/fanql/fanql/ports"
)

func main() {
	address := flag.String("addr", "127.0.0.1:8080", "address to listen on; port 0 takes a free one")
	pages := flag.String("web", web.Folder, "folder of the built pages")
	var options storeOptions
	flag.StringVar(&options.store, "store", "memory", "memory, redis or dynamodb")
	flag.StringVar(&options.redis, "redis", "127.0.0.1:6379", "address of Redis; several, with commas between, are a Cluster's")
	flag.StringVar(&options.dynamoDB, "dynamodb", "", "endpoint of a DynamoDB Local; none starts one")
	flag.StringVar(&options.process, "process", rand.Text(), "name of this process in its fleet, which no other has")
	flag.StringVar(&options.telemetry, "telemetry", "", "file to write traces and metrics to, as JSON; none, nothing is recorded")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *address, *pages, options); err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

// leaveTime is how long the process takes at most to let everyone go. Whatever
// stops it has to wait a little longer before it kills it.
const leaveTime = 20 * time.Second

// run serves until the context ends, and then lets everyone go in good order.
func run(ctx context.Context, address, pages string, options storeOptions) (err error) {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	sockets, err := websocket.NewServer(websocket.Config{Logger: logger, Endpoint: options.process})
	if err != nil {
		return err
	}
	backend, err := newBackend(ctx, options, sockets)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.close()) }()
	telemetry, err := newTelemetry(options.telemetry, sockets, backend)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, telemetry.close(context.WithoutCancel(ctx))) }()
	engine, err := newEngine(backend, telemetry.observer, logger)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	requests, err := graphqlhttp.NewHandler(engine, graphqlhttp.Config{Logger: logger})
	if err != nil {
		return err
	}
	server := newServer(routes(sockets.Handler(engine), requests, sockets, backend, pages), logger)
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	// Events are delivered until the last client has been told to leave.
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, task := range backend.background(background, engine) {
		running.Go(func() { fail(task()) })
	}
	if err = backend.joined(ctx); err == nil {
		running.Go(func() { fail(server.Serve(listener)) })
		announce(listener.Addr(), pages)
		<-ctx.Done() // told to stop, or something failed
	}
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
	defer cancel()
	err = errors.Join(err, failure(ctx), sockets.Shutdown(leaving), server.Shutdown(leaving))
	stopBackground()
	running.Wait()
	return err
}

// newServer bounds what a client may do before its request is one. Sockets leave
// these limits behind when they open; websocket.Config has theirs.
func newServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

// newEngine runs the chat's schema on a backend.
func newEngine(backend *backend, observer ports.Observer, logger *slog.Logger) (*core.Engine, error) {
	chat, err := schema.New(backend.history)
	if err != nil {
		return nil, err
	}
	return core.New(core.Config{
		Schema:   chat,
		Store:    backend.store,
		Bus:      backend.bus,
		Pusher:   backend.pusher,
		Hooks:    schema.Hooks(),
		Observer: observer,
		Logger:   logger,
	})
}

// failure is why the context ended, if not because somebody asked for it.
func failure(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, http.ErrServerClosed) {
		return cause
	}
	return nil
}

// routes puts sockets and plain requests on one path, as clients expect it, and
// the probes beside it.
func routes(subscriptions, requests http.Handler, server *websocket.Server, backend *backend, pages string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/graphql", func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			subscriptions.ServeHTTP(w, r)
			return
		}
		requests.ServeHTTP(w, r)
	})
	mux.Handle("GET /livez", server.Live())
	mux.Handle("GET /readyz", server.Ready(backend.answers))
	mux.Handle("/", web.Handler(pages))
	return mux
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
