// Chat is FanQL's example: a chat page and a GraphQL explorer on one server, with
// everything in memory. `make run` builds the pages and starts it.
package main

import (
	"context"
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
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/examples/chat/web"
)

func main() {
	address := flag.String("addr", "127.0.0.1:8080", "address to listen on; port 0 takes a free one")
	pages := flag.String("web", web.Folder, "folder of the built pages")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *address, *pages); err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

// run serves until the context ends, and then lets everyone go in good order.
func run(ctx context.Context, address, pages string) error {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	chat, err := compose(logger)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           routes(chat, pages),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	// Events are delivered until the last client has been told to leave.
	deliveries, stopDeliveries := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { fail(chat.bus.Consume(deliveries, chat.engine.Deliver)) })
	running.Go(func() { fail(server.Serve(listener)) })
	announce(listener.Addr(), pages)
	<-ctx.Done() // told to stop, or something failed

	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(failure(ctx), chat.sockets.Shutdown(leaving), server.Shutdown(leaving))
	stopDeliveries()
	running.Wait()
	return err
}

// failure is why the context ended, if not because somebody asked for it.
func failure(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, http.ErrServerClosed) {
		return cause
	}
	return nil
}

// chat is the composed program: swap an adapter here, and nothing else changes.
type chat struct {
	engine  *core.Engine
	bus     *memory.Bus
	sockets *websocket.Server
}

func compose(logger *slog.Logger) (*chat, error) {
	store := memory.NewStore(memory.StoreConfig{})
	bus := memory.NewBus(memory.BusConfig{})
	sockets := websocket.NewServer(websocket.Config{Logger: logger})

	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: bus})
	if err != nil {
		return nil, err
	}
	chatSchema, err := schema.New(schema.NewMemoryHistory(schema.DefaultRooms()...), publisher)
	if err != nil {
		return nil, err
	}
	engine, err := core.New(core.Config{
		Schema:        chatSchema,
		Connections:   store,
		Subscriptions: store,
		Bus:           bus,
		Pusher:        sockets,
		Hooks:         schema.Hooks(),
		Logger:        logger,
	})
	return &chat{engine, bus, sockets}, err
}

// routes puts sockets and plain requests on one path, as clients expect it.
func routes(chat *chat, pages string) http.Handler {
	sockets := chat.sockets.Handler(chat.engine)
	requests := graphqlhttp.NewHandler(chat.engine, graphqlhttp.Config{})
	mux := http.NewServeMux()
	mux.HandleFunc("/graphql", func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			sockets.ServeHTTP(w, r)
			return
		}
		requests.ServeHTTP(w, r)
	})
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
}
