package fanql_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/callback"
)

// TestCallbacksBesideSockets: a federated router and a socket receive the same events.
func TestCallbacksBesideSockets(t *testing.T) {
	posts := make(chan string, 10)
	router := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var posted struct {
			Action  string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(body, &posted); err != nil {
			t.Error(err)
		}
		posts <- posted.Action + string(posted.Payload)
	}))
	t.Cleanup(router.Close)
	p := start(t, fanql.Config{Callbacks: &callback.Config{Allow: []string{router.URL}}})
	conn := p.subscribe(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.address+"/graphql", strings.NewReader(fmt.Sprintf(
		`{"query":"subscription { texts }","extensions":{"subscription":{"callbackUrl":"%s/a","subscriptionId":"a","verifier":"v","heartbeatIntervalMs":5000}}}`, router.URL)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json;callbackSpec=1.0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the status is %d", response.StatusCode)
	}
	p.send(t, "hello")
	want(t, conn, "hello")
	_ = conn.Close()
	wanted := []string{"check", `next{"data":{"texts":"first"}}`, `next{"data":{"texts":"hello"}}`}
	for len(wanted) > 0 {
		got := <-posts
		if got == "check" && wanted[0] != "check" {
			continue // a heartbeat
		}
		if got != wanted[0] {
			t.Fatalf("posted %s, want %s", got, wanted[0])
		}
		wanted = wanted[1:]
	}
	if err := p.stop(t); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if _, err := fanql.NewServer(fanql.Config{Schema: mustSchema(t), Callbacks: &callback.Config{}}); err == nil || !strings.Contains(err.Error(), "callback.Config.Allow is required") {
		t.Errorf("got %v", err)
	}
}
