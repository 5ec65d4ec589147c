package callback_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/callback"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

func TestResultsArePostedInOrder(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	s := newSubgraph(t, r)
	sub := r.subscribe("a", `subscription { number }`)
	for i := range 50 {
		s.publish(i)
	}
	for i := range 50 {
		r.expect(sub, fmt.Sprintf(`next {"data":{"number":%d}}`, i))
	}
}

// The end of a topic ends the subscription, and with it the connection.
func TestCompleteEndsTheConnection(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	s := newSubgraph(t, r)
	sub := r.subscribe("a", `subscription { number }`)
	if err := s.engine.Publish(t.Context(), core.NewTopic[int]("number").End()); err != nil {
		t.Fatal(err)
	}
	r.expect(sub, "complete")
	eventually(t, "the connection is removed", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.gone == 1 && len(s.ended) == 1 && s.ended[0] == core.CompletedByServer
	})
}

// A first result is posted before the answer, and an event after it.
func TestFirstResult(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	s := newSubgraph(t, r)
	sub := r.subscribe("a", `subscription { first }`)
	s.publish(8)
	r.expect(sub, `next {"data":{"first":7}}`, `next {"data":{"first":8}}`)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	s := newSubgraph(t, r, func(_ *callback.Config, c *core.Config) {
		c.Hooks.OnConnect = func(_ context.Context, h ports.Handshake) (core.Session, error) {
			if !h.Callback || !strings.Contains(h.Header.Get("Accept"), "callbackSpec") {
				return core.Session{}, core.Public("no callback")
			}
			return core.Session{}, nil
		}
	})
	_ = s
	sub := r.register("a")
	valid := r.subscription(sub, 0)
	with := func(name string, value any) map[string]any {
		changed := map[string]any{name: value}
		for name, value := range valid {
			if _, ok := changed[name]; !ok {
				changed[name] = value
			}
		}
		return changed
	}
	for _, test := range []struct {
		name, query string
		extension   map[string]any
		status      int
		answer      string
	}{
		{"invalid", `subscription { nothing }`, valid, 200, `Cannot query field`},
		{"refused by the resolver", `subscription { refused }`, valid, 200, `{"errors":[{"message":"no"`},
		{"a query", `{ one }`, valid, 200, `{"data":{"one":1}}`},
		{"a query without the extension", `{ one }`, nil, 200, `{"data":{"one":1}}`},
		{"no verifier", `{ one }`, with("verifier", ""), 400, `extensions.subscription.verifier must be a string`},
		{"a verifier that is too long", `{ one }`, with("verifier", strings.Repeat("v", 1025)), 400, `extensions.subscription.verifier must be a string`},
		{"an ID that is not the URL's", `{ one }`, with("subscriptionId", "b"), 400, `last segment`},
		{"another host", `{ one }`, with("callbackUrl", "http://router.example.com/callback/a"), 403, `may post to`},
		{"no http", `{ one }`, with("callbackUrl", "ftp://127.0.0.1/callback/a"), 400, `no http or https URL`},
		{"an interval that is too short", `{ one }`, with("heartbeatIntervalMs", 100), 400, `must be 0, or 5000 at least`},
		{"an interval that is none", `{ one }`, with("heartbeatIntervalMs", "1s"), 400, `heartbeatIntervalMs must be 0`},
		{"a verifier that is wrong", `subscription { number }`, with("verifier", "wrong"), 400, `did not accept`},
		{"an ID that the router does not have", `subscription { number }`, map[string]any{
			"callbackUrl": r.url("b"), "subscriptionId": "b", "verifier": "v",
		}, 400, `did not accept`},
	} {
		status, answer := r.ask(test.query, test.extension)
		if status != test.status || !strings.Contains(answer, test.answer) {
			t.Errorf("%s: got %d %s", test.name, status, answer)
		}
	}
	if n := s.listed(); n != 0 {
		t.Errorf("%d subscriptions are in place", n)
	}
	for _, secret := range []string{"verifier of", "of the client"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, s.log)
		}
	}
}

// OnInit refuses who has not shown who he is, on callbacks too.
func TestHooksRefuse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		hooks  core.Hooks
		status int
		answer string
	}{
		"OnConnect": {core.Hooks{OnConnect: func(context.Context, ports.Handshake) (core.Session, error) {
			return core.Session{}, &ports.PublicError{Message: "who are you", Status: 401, Extensions: map[string]any{"code": "TOKEN"}}
		}}, 401, `{"errors":[{"message":"who are you","extensions":{"code":"TOKEN"}}]}`},
		"OnConnect fails": {core.Hooks{OnConnect: func(context.Context, ports.Handshake) (core.Session, error) {
			return core.Session{}, errOfHook
		}}, 500, `{"errors":[{"message":"internal error"}]}`},
		"OnInit": {core.Hooks{OnInit: func(context.Context, json.RawMessage) (core.Session, error) {
			return core.Session{}, core.Public("no token")
		}}, 403, `{"errors":[{"message":"no token"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRouter(t)
			s := newSubgraph(t, r, func(_ *callback.Config, c *core.Config) { c.Hooks = test.hooks })
			status, answer := r.ask(`subscription { number }`, r.subscription(r.register("a"), 0))
			if status != test.status || answer != test.answer || s.listed() != 0 {
				t.Errorf("got %d %s", status, answer)
			}
		})
	}
}

// unread is a body that nobody is to ask for.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// TestARequestThatIsAnnouncedTooLongIsRefusedAtOnce: to read is to ask for the body, by 100
// (Continue), where the router waits for that (RFC 9110, section 10.1.1).
func TestARequestThatIsAnnouncedTooLongIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := newSubgraph(t, newRouter(t))
	request := httptest.NewRequest(http.MethodPost, "/", unread{t})
	request.ContentLength = 128<<10 + 1
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json;callbackSpec=1.0")
	w := httptest.NewRecorder()
	s.callbacks.Handler(s.engine, http.NotFoundHandler()).ServeHTTP(w, request)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// fullStore takes no connections.
type fullStore struct{ ports.Store }

func (fullStore) CreateConnection(context.Context, ports.Connection) error {
	return &ports.Error{Op: "store.CreateConnection", Kind: ports.ErrThrottled}
}

func TestAStoreThatIsFullAnswers503(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	newSubgraph(t, r, func(_ *callback.Config, c *core.Config) { c.Store = fullStore{c.Store} })
	status, answer := r.ask(`subscription { number }`, r.subscription(r.register("a"), 0))
	if status != http.StatusServiceUnavailable || answer != `{"errors":[{"message":"Try again later"}]}` {
		t.Errorf("got %d %s", status, answer)
	}
}

// A client that has left shows as 404 to the next result, which ends the subscription
// quietly; any other client error ends it too, and is logged.
func TestRoutersEndSubscriptions(t *testing.T) {
	t.Parallel()
	for _, status := range []int{404, 401, 400, 410, 302} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			r := newRouter(t)
			s := newSubgraph(t, r)
			sub := r.subscribe("a", `subscription { number }`)
			other := r.subscribe("b", `subscription { number }`)
			elsewhere := newRouter(t)
			sub.answer = func(w http.ResponseWriter, _ *http.Request, _ post) {
				w.Header().Set("Location", elsewhere.url("a"))
				w.WriteHeader(status)
			}
			s.publish(1, 2)
			r.expect(other, `next {"data":{"number":1}}`, `next {"data":{"number":2}}`)
			eventually(t, "the subscription ends", func() bool { return s.listed() == 1 })
			if logged := strings.Contains(s.log.String(), "ended a subscription"); logged != (status != 404) {
				t.Errorf("%d: the log is\n%s", status, s.log)
			}
		})
	}
}

// What fails for now is posted again, and in order.
func TestFailuresAreRetried(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	s := newSubgraph(t, r)
	sub := r.subscribe("a", `subscription { number }`)
	failures := 2
	sub.answer = func(w http.ResponseWriter, _ *http.Request, p post) {
		if failures--; failures >= 0 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		sub.posts <- p
		w.WriteHeader(http.StatusAccepted)
	}
	s.publish(1, 2, 3)
	r.expect(sub, `next {"data":{"number":1}}`, `next {"data":{"number":2}}`, `next {"data":{"number":3}}`)
}

// Routers derive ID and verifier of a request: the same ones come again, and the later
// subscription takes the place of the earlier.
func TestTheSameSubscriptionComesAgain(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	s := newSubgraph(t, r)
	first := r.subscribe("a", `subscription { number }`)
	again := r.subscribe("a", `subscription { number }`)
	s.publish(1)
	r.expect(again, `next {"data":{"number":1}}`)
	if len(first.posts) != 0 || len(again.posts) != 0 || s.listed() != 1 {
		t.Errorf("%d subscriptions, %d and %d more posts", s.listed(), len(first.posts), len(again.posts))
	}
}

// Whoever knows the URL and not the verifier cannot take the place of a subscription.
func TestAnotherVerifierTakesNoPlace(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	s := newSubgraph(t, r)
	sub := r.subscribe("a", `subscription { number }`)
	extension := r.subscription(sub, 0)
	extension["verifier"] = "guessed"
	if status, _ := r.ask(`subscription { number }`, extension); status != 400 {
		t.Errorf("got %d", status)
	}
	s.publish(1)
	r.expect(sub, `next {"data":{"number":1}}`)
}

// CloseConnection ends a subscription with its reason.
func TestCloseIsCompleteWithErrors(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	s := newSubgraph(t, r)
	sub := r.subscribe("a", `subscription { number }`)
	page, err := s.backend.ListSubscribers(t.Context(), "number", ports.PageRequest{})
	if err != nil || len(page.Subscribers) != 1 {
		t.Fatal(page, err)
	}
	if err := s.engine.CloseConnection(t.Context(), page.Subscribers[0].Ref.Connection, ports.CloseForbidden, "no more"); err != nil {
		t.Fatal(err)
	}
	r.expect(sub, `complete [{"message":"no more"}]`)
	if s.listed() != 0 {
		t.Error("the subscription is still there")
	}
}

// Heartbeats come for as long as the router wants them, whatever else is posted, from
// one of several processes, and what the router has ended is removed.
func TestHeartbeats(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	s := newSubgraph(t, r, func(c *callback.Config, _ *core.Config) { c.MinHeartbeat = 1250 * time.Millisecond })
	for range 3 {
		s.background(func(ctx context.Context) error { return s.callbacks.Run(ctx, s.engine, s.backend) })
	}
	const interval, period = 1250 * time.Millisecond, 500 * time.Millisecond
	sub := r.register("a")
	if status, answer := r.ask(`subscription { number }`, r.subscription(sub, interval)); status != 200 {
		t.Fatal(answer)
	}
	r.expect(sub, "check")
	began, checks, results := time.Now(), 0, 0
	for time.Since(began) < 4*interval || checks < 3 {
		s.publish(0)
		if got := r.take(sub); got == "check" {
			checks++
		} else {
			results++
		}
	}
	if most := int(time.Since(began)/period) + 2; checks > most || results == 0 {
		t.Errorf("%d heartbeats in %v, want %d at most, and %d results", checks, time.Since(began), most, results)
	}
	r.leave("a")
	eventually(t, "the subscription is removed", func() bool { return s.listed() == 0 })
}

// One request at a time is under way for a subscription, whoever pushes. The router
// checks that.
func TestOneRequestAtATime(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	s := newSubgraph(t, r)
	sub := r.subscribe("a", `subscription { number }`)
	page, err := s.backend.ListSubscribers(t.Context(), "number", ports.PageRequest{})
	if err != nil || len(page.Subscribers) != 1 {
		t.Fatal(page, err)
	}
	r.mu.Lock()
	sub.answer = func(w http.ResponseWriter, _ *http.Request, p post) {
		time.Sleep(5 * time.Millisecond)
		sub.posts <- p
		w.WriteHeader(http.StatusOK)
	}
	r.mu.Unlock()
	var pushing sync.WaitGroup
	for range 20 {
		pushing.Go(func() {
			if err := s.callbacks.Push(t.Context(), page.Subscribers[0].Address, ports.Frame{Head: []byte(`{"type":"ping"}`)}); err != nil {
				t.Error(err)
			}
		})
	}
	pushing.Wait()
	if len(sub.posts) != 20 {
		t.Errorf("%d posts", len(sub.posts))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.callbacks.Push(ended, page.Subscribers[0].Address, ports.Frame{Head: []byte(`{"type":"ping"}`)}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// What the router answers is what the port calls it.
func TestKinds(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	s := newSubgraph(t, r)
	sub := r.subscribe("a", `subscription { number }`)
	page, err := s.backend.ListSubscribers(t.Context(), "number", ports.PageRequest{})
	if err != nil || len(page.Subscribers) != 1 {
		t.Fatal(page, err)
	}
	address := page.Subscribers[0].Address
	for _, test := range []struct {
		status int
		kind   error
		closes bool
	}{
		{200, nil, true}, {202, nil, true}, {204, nil, true}, {404, ports.ErrGone, true}, {401, ports.ErrGone, true}, {400, ports.ErrGone, true},
		{301, ports.ErrGone, true}, {429, ports.ErrThrottled, false}, {413, ports.ErrTooLarge, false}, {408, nil, false}, {500, nil, false}, {503, nil, false},
	} {
		sub.answer = nil
		if err := s.callbacks.Push(t.Context(), address, ports.Frame{Head: []byte(`{"type":"ping"}`)}); err != nil {
			t.Fatal(err)
		}
		sub.answer = func(w http.ResponseWriter, _ *http.Request, _ post) { w.WriteHeader(test.status) }
		err := s.callbacks.Push(t.Context(), address, ports.Frame{Head: []byte(`{"type":"ping"}`)})
		failed, _ := errors.AsType[*ports.Error](err)
		if success := test.status < 300; success != (err == nil) || !success && (failed == nil || failed.Kind != test.kind) { //nolint:errorlint // the very kind
			t.Errorf("%d: %v, want kind %v", test.status, err, test.kind)
		}
		answer, _ := errors.AsType[*callback.StatusError](err)
		if err != nil && (answer == nil || answer.Status != test.status || strings.Contains(err.Error(), "verifier") || strings.Contains(err.Error(), "/callback")) {
			t.Errorf("%d: %v", test.status, err)
		}
		if err := s.callbacks.Close(t.Context(), address, ports.CloseForbidden, "no"); (err == nil) != test.closes {
			t.Errorf("%d: closing: %v", test.status, err)
		}
	}
}
