//go:build e2e

package apigw

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// startServer runs the engine on the long-lived server, and returns the clients' URL.
func startServer(t *testing.T, s setup) string {
	t.Helper()
	only := newGeneration(t, s)
	return front(t, func() *generation { return only })
}

// startRestarting is startServer of one that is replaced by another once it has its
// first subscription, as in a deployment.
func startRestarting(t *testing.T) string {
	t.Helper()
	replace := make(chan struct{})
	first := once(setup{after: func(_ context.Context, _ *core.Engine, message ports.Message) error {
		if subscribes(message) {
			close(replace)
		}
		return nil
	}})
	generations := []*generation{newGeneration(t, first), newGeneration(t, setup{})}
	var current atomic.Pointer[generation]
	current.Store(generations[0])
	go func() {
		select {
		case <-replace:
			current.Store(generations[1])
			_ = generations[0].sockets.Shutdown(context.WithoutCancel(t.Context())) // newGeneration reports what fails
		case <-t.Context().Done():
		}
	}()
	return front(t, current.Load)
}

// generation is a process that serves sockets.
type generation struct {
	sockets *websocket.Server
	handler http.Handler
}

func newGeneration(t *testing.T, s setup) *generation {
	t.Helper()
	sockets := must.Make(websocket.NewServer(websocket.Config{
		Logger: slog.New(slog.DiscardHandler), DrainTime: time.Millisecond, InitTimeout: patience, // clients share one Node.js
	}))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := sockets.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return &generation{sockets, sockets.Handler(&watched{Engine: newEngine(t, s, sockets), after: s.after})}
}

func front(t *testing.T, current func() *generation) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { current().handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	return "ws" + server.URL[len("http"):]
}
