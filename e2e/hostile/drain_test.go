//go:build e2e

package hostile

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws/wsutil"

	"github.com/fanql/fanql/e2e/internal/program"
)

// The chat that is asked to stop says so to whoever probes it, and lets its
// clients go one by one.
func TestSIGTERMDrainsTheChat(t *testing.T) {
	const clients = 400 // with whom a drain takes four seconds: there is time to look, on a slow machine too
	chat := program.Start(t, "examples/chat", "-addr", "127.0.0.1:0")
	status := func(path string) int {
		response, err := http.Get(chat.Base + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	if live, ready := status("/livez"), status("/readyz"); live != 200 || ready != 200 {
		t.Fatalf("/livez says %d and /readyz %d, want 200", live, ready)
	}
	var reading sync.WaitGroup
	closes := make(chan time.Time, clients)
	for range clients {
		s, err := openReady(t.Context(), 0, strings.TrimPrefix(chat.Base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		reading.Go(func() {
			_, err := s.next()
			var closed wsutil.ClosedError
			if !errors.As(err, &closed) || closed.Code != 1001 {
				t.Errorf("got %v, want to be closed with 1001", err)
			}
			closes <- time.Now()
			_ = s.Close()
		})
	}
	reading.Go(chat.Stop) // by SIGTERM
	first := <-closes
	if live, ready := status("/livez"), status("/readyz"); live != 200 || ready != 503 {
		t.Errorf("after the first close /livez says %d and /readyz %d, want 200 and 503", live, ready)
	}
	reading.Wait()
	close(closes)
	last := first
	for at := range closes {
		last = at // they come in order, or nearly so
	}
	if took := last.Sub(first); took < 500*time.Millisecond {
		t.Errorf("%d clients were sent away within %v", clients, took)
	}
}
