// Package server is what the chat's long-lived programs have in common: their flags,
// their start and their end. What they differ in is the backend.
package server

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/chat/library"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/examples/chat/web"
	"github.com/fanql/fanql/ports"
)

// Flags are those that every program has.
type Flags struct{ address, pages, debug string }

// NewFlags adds them to those of the command line.
func NewFlags() *Flags {
	f := &Flags{}
	flag.StringVar(&f.address, "addr", "127.0.0.1:8080", "address to listen on; port 0 takes a free one")
	flag.StringVar(&f.pages, "web", web.Folder, "folder of the built pages")
	flag.StringVar(&f.debug, "debug", "", "address of the page for operators, which must never be public; none, there is no page")
	return f
}

// Parts are what a program is made of besides.
type Parts struct {
	Backend ports.Backend
	History schema.History
	// Process is the name in the fleet; empty for one that is made up.
	Process string
	// Observer may be nil.
	Observer ports.Observer
	// Made is called with the server before it runs; nil for nothing.
	Made func(*fanql.Server) error
}

// Main runs a program until it fails or is told to stop.
func Main(run func(context.Context) error) {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

// Run serves until the context ends, and then lets everyone go.
func Run(ctx context.Context, flags *Flags, parts Parts) error {
	chat, err := library.New(parts.History)
	if err != nil {
		return err
	}
	// docs:start server
	server, err := fanql.NewServer(fanql.Config{
		Schema: chat, Hooks: schema.Hooks(), Backend: parts.Backend, Process: parts.Process, Pages: web.Handler(flags.pages),
		Debug: flags.debug != "",
		Core:  func(c *core.Config) { c.Observer = parts.Observer },
	})
	// docs:end server
	if err != nil {
		return err
	}
	if parts.Made != nil {
		if err := parts.Made(server); err != nil {
			return err
		}
	}
	listener, err := listen(ctx, flags.address)
	if err != nil {
		return err
	}
	stop, err := flags.serveDebug(ctx, server)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer stop()
	announce(listener.Addr(), flags.pages)
	return server.Serve(ctx, listener)
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("%w; choose another port: make run PORT=8085, or -addr", err)
	}
	return listener, err
}

// serveDebug has the page for operators on an address of its own, if there is to be one.
func (f *Flags) serveDebug(ctx context.Context, server *fanql.Server) (stop func(), err error) {
	if f.debug == "" {
		return func() {}, nil
	}
	listener, err := listen(ctx, f.debug)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/debug/fanql", server.Debug())
	pages := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	go func() { _ = pages.Serve(listener) }() // until stop
	fmt.Println("debug         http://" + listener.Addr().String() + "/debug/fanql")
	return func() { _ = pages.Close() }, nil
}

func announce(address net.Addr, pages string) {
	base := "http://" + address.String()
	fmt.Println("listening on ", base)
	if web.Built(pages) {
		fmt.Println("chat         ", base+"/")
		fmt.Println("explorer     ", base+"/explorer")
	} else {
		fmt.Println("the pages are not built: `make run` builds them and needs npm (apt-get install npm)")
	}
	fmt.Println("GraphQL      ", base+"/graphql (HTTP and WebSocket)")
	fmt.Println("probes       ", base+"/livez", base+"/readyz")
}
