package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/internal/must"
)

func probe(t *testing.T, handler http.Handler) (status int, body string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	return recorder.Code, recorder.Body.String()
}

func wantProbe(t *testing.T, handler http.Handler, wantStatus int, wantBody string) {
	t.Helper()
	if status, body := probe(t, handler); status != wantStatus || body != wantBody {
		t.Errorf("got %d %q, want %d %q", status, body, wantStatus, wantBody)
	}
}

func passing(context.Context) error { return nil }

func TestProbes(t *testing.T) {
	failing := func(context.Context) error { return errors.New("secret-host:6379 refused") }
	server := must.Make(websocket.NewServer(websocket.Config{}))
	wantProbe(t, server.Live(), 200, "live\n")
	wantProbe(t, server.Ready(), 200, "ready\n")
	wantProbe(t, server.Ready(passing, passing), 200, "ready\n")
	wantProbe(t, server.Ready(passing, failing), 503, "not ready\n")
	wantProbe(t, server.Ready(func(context.Context) error { panic("secret") }), 503, "not ready\n")
	if err := server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantProbe(t, server.Live(), 200, "live\n")
	wantProbe(t, server.Ready(passing), 503, "not ready\n")
}

func TestFullServerIsReady(t *testing.T) {
	f := onSockets(t, websocket.Config{MaxConnections: 1}, newFakeEngine())
	f.dial()
	wantProbe(t, f.server.Ready(passing), 200, "ready\n")
}

func TestCheckThatTakesTooLongFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		server := must.Make(websocket.NewServer(websocket.Config{CheckTimeout: 2 * time.Second}))
		for name, check := range map[string]websocket.Check{
			"and says so":       func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
			"and says nothing":  func(ctx context.Context) error { <-ctx.Done(); return nil },
			"and does not stop": func(context.Context) error { <-release; return nil },
		} {
			began := time.Now()
			wantProbe(t, server.Ready(check), 503, "not ready\n")
			if took := time.Since(began); took != 2*time.Second {
				t.Errorf("%s: answered after %v", name, took)
			}
		}
		close(release)
	})
}

func TestProbesShareTheChecksUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		check := func(context.Context) error {
			calls++
			time.Sleep(500 * time.Millisecond)
			return nil
		}
		ready := must.Make(websocket.NewServer(websocket.Config{})).Ready(check)
		var probes sync.WaitGroup
		for range 100 {
			probes.Go(func() { wantProbe(t, ready, 200, "ready\n") })
		}
		probes.Wait()
		if calls != 1 {
			t.Errorf("100 probes at once made %d calls", calls)
		}
		wantProbe(t, ready, 200, "ready\n")
		if calls != 2 {
			t.Errorf("a later probe made %d calls", calls-1)
		}
	})
}

func TestProbeThatLeavesDoesNotFailTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		check := func(ctx context.Context) error {
			select {
			case <-time.After(500 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		ready := must.Make(websocket.NewServer(websocket.Config{})).Ready(check)
		ctx, leave := context.WithCancel(t.Context())
		go ready.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody))
		synctest.Wait()
		time.AfterFunc(100*time.Millisecond, leave)
		wantProbe(t, ready, 200, "ready\n")
	})
}

func TestLogHearsOfUnreadinessOnce(t *testing.T) {
	var log bytes.Buffer
	server := must.Make(websocket.NewServer(websocket.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}))
	var err error
	ready := server.Ready(func(context.Context) error { return err })
	for _, err = range []error{errors.New("first"), errors.New("second"), nil, errors.New("third")} {
		probe(t, ready)
	}
	for text, want := range map[string]int{"first": 1, "second": 0, "third": 1} {
		if got := strings.Count(log.String(), text); got != want {
			t.Errorf("%q is in the log %d times, want %d:\n%s", text, got, want, &log)
		}
	}
}

func ExampleServer_Ready() {
	server := must.Make(websocket.NewServer(websocket.Config{}))
	var database error // stands for a call of what the engine needs
	mux := http.NewServeMux()
	mux.Handle("GET /livez", server.Live())
	mux.Handle("GET /readyz", server.Ready(func(context.Context) error { return database }))

	ask := func(path string) {
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		fmt.Print(path, ": ", answer.Code, " ", answer.Body)
	}
	ask("/readyz")
	database = errors.New("connection refused")
	ask("/readyz")
	ask("/livez")
	database = nil
	_ = server.Shutdown(context.Background()) // no error without a deadline
	ask("/readyz")
	// Output:
	// /readyz: 200 ready
	// /readyz: 503 not ready
	// /livez: 200 live
	// /readyz: 503 not ready
}
