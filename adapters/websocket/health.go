package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
)

// Check says whether something that the server depends on does its work: nil
// for yes. It ends with its context and may be called at any time, but not
// concurrently with itself by one handler.
type Check func(ctx context.Context) error

// Live answers liveness probes: 200 for as long as the process answers at all,
// during Shutdown too. It asks nobody else, because to restart this process
// would not mend anything outside of it.
func (s *Server) Live() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answerProbe(w, http.StatusOK, "live") })
}

// Ready answers readiness probes: 200 while the server takes connections and
// every check passes within CheckTimeout, and otherwise 503. Shutdown makes it
// answer 503 at once. A server that has MaxConnections is ready: it turns
// handshakes away by itself, and plain requests may still be served beside it.
//
// Probes that come while the checks are under way share their outcome, so that
// they cannot be made to burden what they ask. What failed goes to the Logger,
// when it begins to, and never into the answer.
func (s *Server) Ready(checks ...Check) http.Handler {
	r := &readiness{server: s, checks: checks}
	return http.HandlerFunc(r.probe)
}

func answerProbe(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // whoever asked may have left
}

// readiness is what one handler of Ready knows.
type readiness struct {
	server *Server
	checks []Check

	mu      sync.Mutex
	current *examination // nil when none is under way
	failing bool         // the latest one failed
}

// examination is one run of all checks.
type examination struct {
	done chan struct{}
	err  error // once done is closed
}

func (r *readiness) probe(w http.ResponseWriter, request *http.Request) {
	ctx, cancel := context.WithTimeout(request.Context(), r.server.config.CheckTimeout)
	defer cancel()
	if r.server.isStopping() || len(r.checks) > 0 && !r.passes(ctx) {
		answerProbe(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	answerProbe(w, http.StatusOK, "ready")
}

// passes waits for the checks, but not for one that goes on beyond its context.
func (r *readiness) passes(ctx context.Context) bool {
	e := r.examine(ctx)
	select {
	case <-e.done:
		return e.err == nil
	case <-ctx.Done():
		return false
	}
}

// examine returns the examination that is under way, or a new one.
func (r *readiness) examine(ctx context.Context) *examination {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		r.current = &examination{done: make(chan struct{})}
		go r.run(context.WithoutCancel(ctx), r.current) // it is not only for the probe that came first
	}
	return r.current
}

func (r *readiness) run(ctx context.Context, e *examination) {
	checking, cancel := context.WithTimeout(ctx, r.server.config.CheckTimeout)
	defer cancel()
	for _, check := range r.checks {
		if e.err = runCheck(checking, check); e.err != nil {
			break
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.err != nil && !r.failing {
		r.server.config.Logger.WarnContext(ctx, "not ready", slog.Any("error", e.err))
	}
	r.failing = e.err != nil
	r.current = nil
	close(e.done)
}

// runCheck runs one check. One that takes too long has failed, whatever it says,
// and so has one that panics.
func runCheck(ctx context.Context, check Check) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panic in a readiness check: %T", value)
		}
	}()
	return errors.Join(check(ctx), ctx.Err())
}
