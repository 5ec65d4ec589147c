package callback_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long anything may take before it counts as stuck.
const patience = 2 * time.Minute

// router is a federated router as far as its subgraphs see it: it asks for
// subscriptions, and takes what is posted for those that it has.
type router struct {
	t        *testing.T
	server   *httptest.Server
	subgraph string

	mu   sync.Mutex
	subs map[string]*routed
}

// routed is a subscription that the router has.
type routed struct {
	id, verifier string
	posts        chan post
	// answer, unless nil, is in place of the router's own.
	answer func(w http.ResponseWriter, r *http.Request, p post)
	under  sync.Mutex // held while a post is under way
	cut    bool       // its sender did not wait for the answer to the last one
	// endless answers may overlap: nobody waits for their ends.
	endless bool
}

// post is what the subgraph has sent.
type post struct {
	Kind, Action, ID, Verifier string
	Payload, Errors            json.RawMessage
}

func newRouter(t *testing.T) *router {
	t.Helper()
	r := &router{t: t, subs: map[string]*routed{}}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

// ServeHTTP is the callback endpoint, by the rules of Apollo Router.
func (r *router) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	var p post
	switch {
	case err != nil || json.Unmarshal(body, &p) != nil || p.Kind != "subscription":
		w.WriteHeader(http.StatusBadRequest)
		return
	case request.Header.Get("Content-Type") != "application/json", request.Header.Get("Subscription-Protocol") != "callback/1.0":
		w.WriteHeader(http.StatusBadRequest)
		return
	case !strings.HasSuffix(request.URL.Path, "/callback/"+p.ID):
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	sub := r.subs[p.ID]
	r.mu.Unlock()
	switch {
	case sub == nil:
		w.WriteHeader(http.StatusNotFound)
	case sub.verifier != p.Verifier:
		w.WriteHeader(http.StatusUnauthorized)
	case sub.endless:
		sub.answer(w, request, p)
	default:
		if !sub.under.TryLock() {
			sub.under.Lock() // a post that is cut has ended only here when the next one comes
			if !sub.cut {
				r.t.Errorf("a %s came while another post was under way", p.Action)
			}
		}
		defer func() {
			sub.cut = request.Context().Err() != nil
			sub.under.Unlock()
		}()
		if sub.answer != nil {
			sub.answer(w, request, p)
			return
		}
		sub.posts <- p
		w.WriteHeader(http.StatusNoContent)
	}
}

// register makes a subscription.
func (r *router) register(id string) *routed {
	sub := &routed{id: id, verifier: "verifier of " + id, posts: make(chan post, 1000)}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subs[id] = sub
	return sub
}

// leave ends a subscription, as when its client has left.
func (r *router) leave(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.subs, id)
}

// url is the callback URL of a subscription.
func (r *router) url(id string) string { return r.server.URL + "/callback/" + id }

// subscription is the extension of a request.
func (r *router) subscription(sub *routed, heartbeat time.Duration) map[string]any {
	return map[string]any{
		"callbackUrl": r.url(sub.id), "subscriptionId": sub.id, "verifier": sub.verifier,
		"heartbeatIntervalMs": heartbeat.Milliseconds(),
	}
}

// ask sends a request to the subgraph and returns status and body of the answer.
func (r *router) ask(query string, extension map[string]any) (int, string) {
	r.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "extensions": map[string]any{
		"subscription": extension, "headers": map[string]any{"authorization": "of the client"},
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.subgraph, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	// As Hive Gateway has it.
	request.Header.Set("Accept", "application/json;callbackSpec=1.0; charset=utf-8")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// subscribe makes a subscription that has to be accepted, without heartbeats.
func (r *router) subscribe(id, query string) *routed {
	r.t.Helper()
	sub := r.register(id)
	status, answer := r.ask(query, r.subscription(sub, 0))
	if status != http.StatusOK || answer != `{"data":null}` {
		r.t.Fatalf("%d %s", status, answer)
	}
	r.expect(sub, "check")
	return sub
}

// take is the next post.
func (r *router) take(sub *routed) string {
	r.t.Helper()
	select {
	case p := <-sub.posts:
		return strings.TrimSpace(fmt.Sprintf("%s %s%s", p.Action, p.Payload, p.Errors))
	case <-time.After(patience):
		r.t.Fatalf("nothing was posted to %s", sub.id)
		return ""
	}
}

func (r *router) expect(sub *routed, want ...string) {
	r.t.Helper()
	for _, w := range want {
		if got := r.take(sub); got != w {
			r.t.Fatalf("%s: got %s, want %s", sub.id, got, w)
		}
	}
}
