package fanql_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/debug"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// counting is an Observer that counts frames.
type counting struct{ pushed atomic.Int64 }

func (*counting) Begin(ctx context.Context, _ ports.Step) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (*counting) Trace(context.Context) map[string]string { return nil }

func (c *counting) Count(_ context.Context, counts ports.Counts) { c.pushed.Add(int64(counts.Pushed)) }

func TestDebugCountsWhatTheServerDoes(t *testing.T) {
	heard := &counting{}
	p := start(t, fanql.Config{Debug: true, Process: "gateway-1", Core: func(c *core.Config) { c.Observer = heard }})
	conn := p.subscribe(t)
	p.send(t, "hello")
	want(t, conn, "hello")
	_ = conn.Close()
	if err := p.stop(t); err != nil { // all is counted then
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	p.Debug().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/debug/fanql?format=json", nil))
	var got debug.Snapshot
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Process != "gateway-1" || got.Published.Total != 1 || got.Pushed.Total != 1 || len(got.Topics) != 1 || got.Topics[0].Subscribers != 1 {
		t.Errorf("got %s", answer.Body)
	}
	if got.Sockets == nil || *got.Sockets != 0 || got.DeadLetters == nil || *got.DeadLetters != 0 {
		t.Errorf("got %s, want no socket and no dead letter", answer.Body)
	}
	if heard.pushed.Load() != 1 {
		t.Error("the program's own observer heard nothing")
	}
}

func TestDebugIsOffAndNeverPublic(t *testing.T) {
	if got := statusOf(mustServer(t, fanql.Config{}).Debug(), "/debug/fanql"); got != http.StatusNotFound {
		t.Errorf("without Config.Debug the page is answered with %d", got)
	}
	server := mustServer(t, fanql.Config{Debug: true})
	for _, path := range []string{"/debug/fanql", "/debug", "/metrics"} {
		if got := statusOf(server.Handler(), path); got != http.StatusNotFound {
			t.Errorf("Handler answers %s with %d", path, got)
		}
	}
	if got := statusOf(server.Debug(), "/debug/fanql"); got != http.StatusOK {
		t.Errorf("the page is answered with %d", got)
	}
}
