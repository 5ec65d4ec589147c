package fanql

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/fanql/fanql/ports"
)

// ListenAndServe listens on a TCP address, such as "localhost:8080", and serves
// until ctx ends or something fails. It has stopped when it returns.
//
// It joins the fleet, if the backend is one, before it lets clients in. To stop,
// /readyz answers 503 and sockets are closed with 1001 (going away), each after what
// is on its way to it; then HTTP ends, then delivery, and last the membership of the
// fleet, which delivery needs. Whatever stops the process gives it as long as
// Config.ShutdownTimeout and the backend's own time for what is being delivered.
//
// The error is nil if ctx has ended, the fleet was joined by then, and every client had
// gone in time. If ctx ends before the fleet is joined it is that of ctx. ErrInvalid: the
// server runs already, or has run, or another one runs on the same memory.Backend.
func (s *Server) ListenAndServe(ctx context.Context, address string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return s.Serve(ctx, listener)
}

// Serve is ListenAndServe on a listener, which it closes. ErrInvalid: also without a
// listener.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	if ports.IsMissing(listener) {
		return invalid("Serve", "a listener is required")
	}
	defer func() { _ = listener.Close() }() // the second time, if it has served
	return s.run(ctx, newFront(s, listener))
}

// Run is ListenAndServe for programs that serve Handler with a server of their own:
// it does everything else, and in the same order. That server serves until Run has
// returned, so that probes and handshakes are answered, and stops then. Should it fail,
// end ctx: Run does not know.
func (s *Server) Run(ctx context.Context) error { return s.run(ctx, nil) }

// run is the life of the server. Whatever ends first ends the rest.
func (s *Server) run(ctx context.Context, front *front) error {
	if s.started.Swap(true) {
		return invalid("Run", "a server runs once")
	}
	release, err := s.acquire()
	if err != nil {
		return err
	}
	defer release()
	running, end := context.WithCancel(ctx)
	defer end()
	routing := start(running, end, s.route)
	delivering := start(running, end, func(ctx context.Context) error { return s.source.Consume(ctx, s.engine.Deliver) })
	beating := start(running, end, s.beat)
	err = s.join(running)
	var serving *task
	switch {
	case err == nil:
		close(s.joined)
		front.announce(ctx, s)
		serving = start(running, end, front.serve)
		<-running.Done()
	case ctx.Err() == nil && errors.Is(err, context.Canceled):
		err = nil // Another part has failed, whose error says why.
	}
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.ShutdownTimeout)
	defer cancel()
	return errors.Join(err,
		s.sockets.Shutdown(leaving),
		front.shutdown(leaving), serving.stop(),
		beating.stop(),
		delivering.stop(),
		routing.stop(),
	)
}

// exclusive is a backend whose connections are all of one server: memory.Backend. In a
// fleet the router reaches those of the other servers.
type exclusive interface {
	Acquire() (release func(), ok bool)
}

// acquire keeps other servers from the backend, if it is for one.
func (s *Server) acquire() (release func(), err error) {
	backend, ok := s.config.Backend.(exclusive)
	if !ok || s.router != nil {
		return func() {}, nil
	}
	if release, ok = backend.Acquire(); !ok {
		return nil, invalid("Run", "fanql.Config.Backend is another server's that runs: give one server two listeners, by Server.Handler")
	}
	return release, nil
}

// route keeps the process in its fleet.
func (s *Server) route(ctx context.Context) error {
	if s.router == nil {
		<-ctx.Done()
		return nil
	}
	return s.router.Run(ctx, s.engine.Disconnect)
}

// beat sends the heartbeats of callbacks.
func (s *Server) beat(ctx context.Context) error {
	if s.callbacks == nil {
		<-ctx.Done()
		return nil
	}
	defer s.callbacks.CloseIdleConnections()
	return s.callbacks.Run(ctx, s.engine, s.store)
}

// join waits until other processes reach this one.
func (s *Server) join(ctx context.Context) error {
	if s.router == nil {
		return nil
	}
	return s.router.Ready(ctx)
}

// task is a part of the server that runs until it is stopped.
type task struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error // once done is closed
}

var errEnded = errors.New("a part of the server has ended by itself")

// start runs a part of the server. It calls ended when that has returned. It goes
// on when ctx ends.
func start(ctx context.Context, ended func(), run func(context.Context) error) *task {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	t := &task{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		defer ended()
		if t.err = run(ctx); t.err == nil && ctx.Err() == nil {
			t.err = errEnded
		}
	}()
	return t
}

// stop ends the task, waits until it has ended, and returns its error.
func (t *task) stop() error {
	if t == nil {
		return nil
	}
	t.cancel()
	<-t.done
	return t.err
}

// front is the HTTP server of a Server; nil where the program has its own.
type front struct {
	server   *http.Server
	listener net.Listener
}

// newFront bounds what a client may do before its request is one. Sockets leave
// these limits when they open; websocket.Config has theirs.
func newFront(s *Server, listener net.Listener) *front {
	return &front{listener: listener, server: &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelWarn),
	}}
}

// announce says that clients may come.
func (f *front) announce(ctx context.Context, s *Server) {
	if f != nil {
		s.config.Logger.InfoContext(ctx, "listening", slog.String("address", f.listener.Addr().String()), slog.String("path", s.config.Path))
	}
}

// serve returns once shutdown is called.
func (f *front) serve(ctx context.Context) error {
	if f == nil {
		<-ctx.Done()
		return nil
	}
	if err := f.server.Serve(f.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-ctx.Done()
	return nil
}

// shutdown waits for the requests that are being answered, and cuts off what is
// left of them when ctx ends.
func (f *front) shutdown(ctx context.Context) error {
	if f == nil {
		return nil
	}
	err := f.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, f.server.Close())
	}
	return err
}
