package callback

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/ports"
)

func newCallbacks(t *testing.T, allow ...string) *Callbacks {
	t.Helper()
	c, err := New(Config{Allow: allow})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAllow(t *testing.T) {
	t.Parallel()
	c := newCallbacks(t, "https://router.example.com/callback", "http://10.1.2.3:4000", "https://*.routers.example.com:8443/a/b/")
	for callbackURL, want := range map[string]error{
		"https://router.example.com/callback/id":           nil,
		"https://ROUTER.example.com:443/callback/id":       nil,
		"https://router.example.com/callback/deeper/id":    nil,
		"http://10.1.2.3:4000/id":                          nil,
		"https://a.routers.example.com:8443/a/b/id":        nil,
		"https://b.a.routers.example.com:8443/a/b/id":      nil,
		"http://router.example.com/callback/id":            errNotAllowed,
		"https://router.example.com:444/callback/id":       errNotAllowed,
		"https://router.example.com/callbacks/id":          errNotAllowed,
		"https://router.example.com/id":                    errNotAllowed,
		"https://router.example.com.evil.test/callback/id": errNotAllowed,
		"https://routers.example.com:8443/a/b/id":          errNotAllowed,
		"https://xrouters.example.com:8443/a/b/id":         errNotAllowed,
		"http://10.1.2.3/id":                               errNotAllowed,
		"https://router.example.com/callback/other":        errNotOfID,
		"https://router.example.com/callback/id/":          errNotOfID,
		"https://router.example.com/callback/../id":        errNoURL,
		"https://router.example.com/callback//id":          errNoURL,
		"https://router.example.com/callback/%2e%2e/id":    errNoURL,
		"https://router.example.com/a%2fcallback/id":       errNoURL,
		"https://router.example.com/callback/id?a=b":       errNoURL,
		"https://router.example.com/callback/id?":          errNoURL,
		"https://router.example.com/callback/id#a":         errNoURL,
		"https://router.example.com/callback/id#":          errNoURL,
		"https://evil.test@router.example.com/callback/id": errNoURL,
		"https:router.example.com/callback/id":             errNoURL,
		"//router.example.com/callback/id":                 errNoURL,
		"file:///callback/id":                              errNoURL,
		"gopher://router.example.com/callback/id":          errNoURL,
		"https://router.example.com\\callback/id":          errNoURL,
		"https://router.example.com/callback/id\r\nX: y":   errNoURL,
	} {
		if _, got := c.check(callbackURL, "id"); got != want { //nolint:errorlint // the very values
			t.Errorf("%s: %v, want %v", callbackURL, got, want)
		}
	}
}

func TestConstructorNamesTheFieldThatIsWrong(t *testing.T) {
	t.Parallel()
	allow := []string{"https://router.example.com/callback"}
	for name, config := range map[string]Config{
		"Allow is required":                            {},
		`Allow: "router.example.com" is no`:            {Allow: []string{"router.example.com"}},
		`Allow: "https://a/?b" is no`:                  {Allow: []string{"https://a/?b"}},
		`Allow: "https://u:p@a/b" is no`:               {Allow: []string{"https://u:p@a/b"}},
		`Allow: the host of "https://*" is`:            {Allow: []string{"https://*"}},
		`Allow: the host of "https://a.*.b/" is`:       {Allow: []string{"https://a.*.b/"}},
		"Timeout must not be negative":                 {Allow: allow, Timeout: -1},
		"GiveUp must not be negative":                  {Allow: allow, GiveUp: -1},
		"MinHeartbeat must be at least 1.25s":          {Allow: allow, MinHeartbeat: time.Second},
		"Concurrency must not be negative":             {Allow: allow, Concurrency: -1},
		"MaxIdleConnections must not be negative":      {Allow: allow, MaxIdleConnections: -1},
		"callback.Config.MaxBodyBytes must not be neg": {Allow: allow, MaxBodyBytes: -1},
	} {
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

// The greatest number there is stands for no limit, and is not one less than none.
func TestAnyNumberOfIdleConnections(t *testing.T) {
	t.Parallel()
	for _, most := range []int{math.MaxInt/8 + 1, math.MaxInt} {
		if got := newTransport(guard{}, Config{MaxIdleConnections: most}).MaxIdleConns; got < most/2 {
			t.Errorf("with %d for a host there are %d in all", most, got)
		}
	}
}

func TestPublicAddresses(t *testing.T) {
	t.Parallel()
	g := guard{private: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}}
	for address, ok := range map[string]bool{
		"8.8.8.8": true, "10.1.2.3": true, "::ffff:10.1.2.3": true, "2600:1f18::1": true, "fd00:1::1": true,
		"10.2.0.1": false, "127.0.0.1": false, "169.254.169.254": false, "172.16.0.1": false, "192.168.1.1": false, "0.0.0.0": false,
		"100.64.0.1": false, "192.0.0.192": false, "198.18.0.1": false, "203.0.113.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::1": false, "::": false, "::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false, "64:ff9b::a9fe:a9fe": false,
		"64:ff9b:1::1": false, "fd00:2::1": false, "fd00:ec2::254": false, "fe80::1": false, "fe80::1%eth0": false, "ff02::1": false,
		"2001::1": false, "2001:db8::1": false, "2002:7f00:1::": false, "100::1": false, "100:0:0:1::1": false, "3fff::1": false, "5f00::1": false,
		"fec0::1": false, "::ffff:0:127.0.0.1": false, "4000::1": false,
	} {
		err := g.control(t.Context(), "tcp", netip.AddrPortFrom(netip.MustParseAddr(address), 80).String(), nil)
		if (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAccepts(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"application/json;callbackSpec=1.0":                                    true,
		"application/json; callbackSpec=1.0; charset=utf-8":                    true,
		`application/json;callbackspec="1.0"`:                                  true,
		"application/graphql-response+json, application/json;callbackSpec=1.0": true,
		"application/json": false, "application/json;callbackSpec=2.0": false, "text/plain;callbackSpec=1.0": false, "": false,
		`multipart/mixed;subscriptionSpec="1.0"`: false,
		"application/json;callbackSpec=1.0;q=0":  false, "application/json;callbackSpec=1.0;q=x": false, "application/json;q=0.001;callbackSpec=1.0": true,
	} {
		if got := accepts(http.Header{"Accept": {accept}}); got != want {
			t.Errorf("%s: %t", accept, got)
		}
	}
}

func TestIsJSON(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]bool{
		"application/json": true, "application/json; charset=UTF-8": true, `APPLICATION/JSON;charset="utf-8"`: true,
		"application/json; charset=utf-16": false, "text/plain": false, "": false,
	} {
		if got := isJSON(http.Header{"Content-Type": {contentType}}); got != want {
			t.Errorf("%s: %t", contentType, got)
		}
	}
	if isJSON(http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}) {
		t.Error("gzip is JSON")
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	to := target{url: &url.URL{Scheme: "https", Host: "a", Path: `/q"<`}, id: `q"<`, verifier: "v\\"}
	for _, test := range []struct {
		frame      ports.Frame
		want, body string
	}{
		{ports.Frame{Head: []byte(`{"id":"1","type":"next","payload":`), Payload: []byte(`{"data":1}`), Tail: []byte("}")}, "next", `,"payload":{"data":1}}`},
		{ports.Frame{Head: []byte(`{"id":"1","type":"error","payload":`), Payload: []byte(`[{"message":"no"}]`), Tail: []byte("}")}, "complete", `,"errors":[{"message":"no"}]}`},
		{ports.Frame{Head: []byte(`{"id":"1","type":"complete"}`)}, "complete", `}`},
		{ports.Frame{Head: []byte(`{"type":"ping"}`)}, "check", `}`},
		{ports.Frame{Head: []byte(`{"id":"1","payload":{"data":2},"type":"next"}`)}, "next", `,"payload":{"data":2}}`},
		{ports.Frame{Head: []byte(`{"id":"\"type\":\"error\",\"payload\":","type":"next","payload":`), Payload: []byte(`3`), Tail: []byte("}")}, "next", `,"payload":3}`},
		{ports.Frame{Head: []byte(`{"type":"connection_ack"}`)}, "", `}`},
	} {
		m, err := read(test.frame)
		if err != nil || m.action != test.want {
			t.Errorf("%s: %q, %v", test.frame.AppendTo(nil), m.action, err)
			continue
		}
		want := `{"kind":"subscription","action":"` + test.want + `","id":"q\"\u003c","verifier":"v\\"` + test.body
		if got := string(to.body(m)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	for interval, want := range map[time.Duration]time.Duration{
		1250 * time.Millisecond: 500 * time.Millisecond, 2 * time.Second: 500 * time.Millisecond, 5 * time.Second: 2 * time.Second,
		50 * time.Second: 16 * time.Second, time.Hour: 32 * time.Second, 0: renewal,
	} {
		if got := periodOf(classOf(interval)); got != want {
			t.Errorf("every %v for an interval of %v, want %v", got, interval, want)
		}
	}
}

// A callback that fails is left alone, and asked again at intervals; when it has failed
// for long enough it is gone; and what it was long ago says nothing.
func TestHealth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(time.Now, 10*time.Second)
		admitted := 0
		gone := false
		for began := time.Now(); time.Since(began) < 12*time.Second && !gone; time.Sleep(10 * time.Millisecond) {
			err := h.admit("a")
			if err == nil {
				admitted++
				gone = h.callbackFailed("a", 1)
			}
			gone = gone || err == ports.ErrGone //nolint:errorlint // the very value
			if err := h.admit("b"); err != nil {
				t.Fatal(err)
			}
		}
		if !gone || admitted < 8 || admitted > 16 {
			t.Errorf("gone: %t, after %d tries", gone, admitted)
		}
		time.Sleep(2 * time.Minute)
		if err := h.admit("a"); err != nil {
			t.Error(err)
		}
		if h.callbackFailed("a", 1) {
			t.Error("gone at the first failure")
		}
		h.passed("a")
		if len(h.bad) != 0 {
			t.Errorf("%d are remembered", len(h.bad))
		}
	})
}

// Two short failures are not one that lasted all the time between them, when nothing was
// posted: neither for the callback that failed both times, nor for all of its host.
func TestShortFailuresAreTriedAgain(t *testing.T) {
	t.Parallel()
	for name, router := range map[string]http.RoundTripper{"answers": status(500), "connections": unreachable{}} {
		for between, former := range map[time.Duration]string{12 * time.Second: "a", time.Minute: "b"} {
			t.Run(fmt.Sprintf("%s of %s %v ago", name, former, between), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c := newCallbacks(t, "https://router.example.com/callback")
					c.transport = router
					push := func(id string) error {
						return c.Push(t.Context(), addressAt(t, "https://router.example.com/callback/"+id), ports.Frame{Head: []byte(`{"type":"ping"}`)})
					}
					failures := 1
					if former != "a" {
						failures = 2 * tries // of another one
					}
					for range failures {
						_ = push(former)
						time.Sleep(time.Second)
					}
					time.Sleep(between)
					for range 2 {
						if err := push("a"); err == nil || errors.Is(err, ports.ErrGone) {
							t.Fatalf("got %v", err)
						}
					}
					c.transport = status(200)
					if err := push("a"); err != nil {
						t.Fatal(err)
					}
				})
			})
		}
	}
}

// A callback that fails for less than a third of GiveUp is not gone, although its host takes
// the posts of others meanwhile: one of the router's processes may be away. After that it is.
func TestFailuresBesideOthersThatAreTaken(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]http.RoundTripper{"answers": status(500), "connections": unreachable{}} {
		for _, length := range []time.Duration{time.Second, 3 * time.Second, 9 * time.Second} {
			t.Run(fmt.Sprintf("%s, for %v", name, length), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c := newCallbacks(t, "https://router.example.com/callback")
					push := func(id string, router http.RoundTripper) error {
						c.transport = router
						return c.Push(t.Context(), addressAt(t, "https://router.example.com/callback/"+id), ports.Frame{Head: []byte(`{"type":"ping"}`)})
					}
					for began := time.Now(); time.Since(began) < length; time.Sleep(50 * time.Millisecond) {
						err := push("a", broken)
						if gone := errors.Is(err, ports.ErrGone); err == nil || gone && time.Since(began) < c.config.GiveUp/aloneShare {
							t.Fatalf("after %v: got %v", time.Since(began), err)
						} else if gone {
							return
						}
						_ = push("b", status(200)) // or the host is left alone
					}
					time.Sleep(mostRest)
					if err := push("a", status(200)); err != nil || length > c.config.GiveUp/aloneShare {
						t.Fatalf("after %v: got %v", length, err)
					}
				})
			})
		}
	}
}

// Answers that cannot be read are no failure of the way to their host: the other
// callbacks there are not left alone.
func TestUnreadableAnswersAreNotTheHosts(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"a header without end": "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20),
		"no HTTP":              "SSH-2.0-OpenSSH_9.2\r\n\r\n",
		"a broken header":      "HTTP/1.1 200 OK\r\nContent-Le",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			router := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if path.Base(r.URL.Path) == "good" {
					return
				}
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(conn, answer)
				_ = conn.Close()
			}))
			t.Cleanup(router.Close)
			c := newCallbacks(t, router.URL+"/callback")
			t.Cleanup(c.CloseIdleConnections)
			push := func(id string) error {
				return c.Push(t.Context(), addressAt(t, router.URL+"/callback/"+id), ports.Frame{Head: []byte(`{"type":"ping"}`)})
			}
			for i := range 2 * tries {
				if err := push(fmt.Sprint("bad", i)); err == nil || errors.Is(err, errResting) || errors.Is(err, ports.ErrGone) {
					t.Errorf("got %v", err)
				}
			}
			if err := push("good"); err != nil {
				t.Error(err)
			}
		})
	}
}

// status is a router whose answers all have it.
type status int

func (s status) RoundTrip(request *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: int(s), Header: http.Header{}, Body: http.NoBody, Request: request}, nil
}

// unreachable is a router with which no connection can be made.
type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) { return nil, errUnreachable }

var errUnreachable = errors.New("unreachable")

// The memory for failures is bounded by those of the last time.
func TestHealthForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(time.Now, 10*time.Second)
		for i := range 10 * leastBad {
			h.callbackFailed(strings.Repeat("x", i%97)+string(rune('a'+i)), 1)
			time.Sleep(time.Second)
		}
		if len(h.bad) > 2*leastBad {
			t.Errorf("%d are remembered", len(h.bad))
		}
	})
}

// FuzzAddress: what an address is made of comes back out of it, and nothing else is
// taken for one.
func FuzzAddress(f *testing.F) {
	f.Add("id", "verifier", uint16(5000), "callback:1:dg:https://a/b")
	f.Add("a:b", "v:\x00", uint16(0), "process-1")
	f.Fuzz(func(t *testing.T, id, verifier string, interval uint16, endpoint string) {
		at, err := url.Parse("https://router.example.com/callback/" + url.PathEscape(id))
		if err == nil && isPlain(at) {
			want := target{url: at, id: id, verifier: verifier, heartbeat: time.Duration(interval) * time.Millisecond}
			got, ok := targetOf(want.address())
			if strings.Contains(string(want.address().ID), verifier) && len(verifier) > 22 {
				t.Fatal("the ID has the verifier")
			}
			if _, err := newCallbacks(t, "https://router.example.com/callback").check(at.String(), id); err == nil &&
				(!ok || got.url.String() != at.String() || got.id != id || got.verifier != verifier || got.heartbeat != want.heartbeat) {
				t.Fatalf("%q is %+v", want.address().Endpoint, got)
			}
		}
		if _, ok := targetOf(ports.Address{Endpoint: endpoint}); ok && !strings.HasPrefix(endpoint, scheme) {
			t.Fatalf("%q is taken for a callback", endpoint)
		}
	})
}

// FuzzParse: whatever comes, what is passed on is a message, and has none of the other
// extensions.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"query":"{a}","variables":{"a":"<"},"extensions":{"subscription":{"callbackUrl":"https://a/i","subscriptionId":"i","verifier":"v","heartbeatIntervalMs":5000},"headers":{"authorization":"secret"}}}`))
	f.Add([]byte(`{"extensions":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := parse(body)
		if err != nil || a.subscription == nil {
			return
		}
		if a.subscription.Verifier == "" || a.subscription.HeartbeatIntervalMs < 0 {
			t.Fatalf("%+v", a.subscription)
		}
		message, err := subscribeMessage(a.subscription.SubscriptionID, a.operation)
		if err != nil || !json.Valid(message) || bytes.Contains(message, []byte(`"extensions":{"subscription"`)) && !bytes.Contains(a.operation.Variables, []byte("extensions")) {
			t.Fatalf("%s: %v", message, err)
		}
	})
}

// endless is a transport whose answers have a status, and then do not end.
type endless struct{}

func (endless) RoundTrip(request *http.Request) (*http.Response, error) {
	body, _ := io.Pipe()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, Request: request}, nil
}

// The status is the answer, and what does not end after it is waited for shortly.
func TestEndlessAnswersCostLittleTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCallbacks(t, "https://router.example.com/callback")
		c.transport = endless{}
		at, err := url.Parse("https://router.example.com/callback/id")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err = c.Push(t.Context(), target{url: at, id: "id", verifier: "v"}.address(), ports.Frame{Head: []byte(`{"type":"ping"}`)})
		if took := time.Since(began); err != nil || took != answerPatience {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// Nothing that a router answers, or leaves unread, keeps a post longer than its time, and
// nothing but a 2xx is a success.
func TestPostsEnd(t *testing.T) {
	t.Parallel()
	type handle func(w http.ResponseWriter, ended <-chan struct{})
	for name, test := range map[string]struct {
		handle handle
		taken  bool
	}{
		"an answer, and a post that is not read": {func(w http.ResponseWriter, ended <-chan struct{}) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-ended
		}, true},
		"no answer, and a post that is not read": {func(_ http.ResponseWriter, ended <-chan struct{}) { <-ended }, false},
		"another protocol": {func(w http.ResponseWriter, _ <-chan struct{}) {
			writeRaw(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: none\r\n\r\n")
		}, false},
		"no status": {func(w http.ResponseWriter, _ <-chan struct{}) { writeRaw(w, "HTTP/1.1 000 None\r\n\r\n") }, false},
	} {
		for version := 1; version <= 2; version++ {
			if version == 2 && !strings.Contains(name, "post") {
				continue // HTTP/2 has no such answers
			}
			t.Run(fmt.Sprintf("%s over HTTP/%d", name, version), func(t *testing.T) {
				t.Parallel()
				ended := make(chan struct{})
				router := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { test.handle(w, ended) }))
				router.EnableHTTP2 = version == 2
				router.StartTLS()
				t.Cleanup(router.Close)
				t.Cleanup(func() { close(ended) })
				c := newCallbacks(t, router.URL+"/callback")
				c.config.Timeout = 500 * time.Millisecond
				trust(t, c, router)
				long := ports.Frame{Head: []byte(`{"id":"1","type":"next","payload":`), Payload: bytes.Repeat([]byte("1"), 8<<20), Tail: []byte("}")}
				pushed := make(chan error, 1)
				go func() { pushed <- c.Push(t.Context(), addressAt(t, router.URL+"/callback/id"), long) }()
				select {
				case err := <-pushed:
					if (err == nil) != test.taken {
						t.Errorf("got %v", err)
					}
				case <-time.After(time.Minute):
					t.Error("the post does not end")
					router.CloseClientConnections()
				}
			})
		}
	}
}

// writeRaw answers with what net/http would not write, and leaves the connection open
// until the client closes it.
func writeRaw(w http.ResponseWriter, answer string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, answer)
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
}

// trust has callbacks take the certificate of a router.
func trust(t *testing.T, c *Callbacks, router *httptest.Server) {
	t.Helper()
	c.transport.(*http.Transport).TLSClientConfig = router.Client().Transport.(*http.Transport).TLSClientConfig
	t.Cleanup(c.CloseIdleConnections)
}

func addressAt(t *testing.T, at string) ports.Address {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return target{url: u, id: path.Base(u.Path), verifier: "v"}.address()
}

// An HTTP connection on which nothing arrives any more, as when the router's machine is
// replaced, does not keep the posts: they find another.
func TestSilentConnectionsAreReplaced(t *testing.T) {
	t.Parallel()
	router := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	router.EnableHTTP2 = true
	router.StartTLS()
	t.Cleanup(router.Close)
	way := newWay(t, router.Listener.Addr().String())
	at := "https://" + way.listener.Addr().String() + "/callback"
	c, err := New(Config{Allow: []string{at}, Timeout: 200 * time.Millisecond, GiveUp: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	trust(t, c, router)
	ping := ports.Frame{Head: []byte(`{"type":"ping"}`)}
	if err := c.Push(t.Context(), addressAt(t, at+"/id"), ping); err != nil {
		t.Fatal(err)
	}
	way.silence()
	began := time.Now()
	for id := 0; ; id++ { // each another one, since those that fail are left alone
		if err = c.Push(t.Context(), addressAt(t, fmt.Sprint(at, "/", id)), ping); err == nil {
			break
		}
		if time.Since(began) > 30*time.Second {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// way is what is between this side and a router. It can lose what passes.
type way struct {
	listener net.Listener
	mu       sync.Mutex
	silent   *atomic.Bool // of the connections that there are
}

func newWay(t *testing.T, to string) *way {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &way{listener: listener, silent: &atomic.Bool{}}
	var passing sync.WaitGroup
	var open []net.Conn
	passing.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			w.mu.Lock()
			silent := w.silent
			open = append(open, near, far)
			w.mu.Unlock()
			passing.Go(func() { pass(near, far, silent) })
			passing.Go(func() { pass(far, near, silent) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		w.mu.Lock()
		for _, conn := range open {
			_ = conn.Close()
		}
		w.mu.Unlock()
		passing.Wait()
	})
	return w
}

// silence loses all that passes on the connections that there are, and not on others.
func (w *way) silence() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent.Store(true)
	w.silent = &atomic.Bool{}
}

func pass(from, to net.Conn, silent *atomic.Bool) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			_ = to.Close()
			return
		}
		if !silent.Load() {
			_, _ = to.Write(buffer[:n])
		}
	}
}

// Of several processes one sends the heartbeats of a period, and another may send those
// of the next.
func TestPeriodsAreClaimed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &claims{}
		for range 4 { // periods
			for range 3 { // processes
				c := newCallbacks(t, "https://router.example.com/callback")
				if err := c.beat(t.Context(), nil, store, 2, 0); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(periodOf(2))
		}
		if store.listings != 4 {
			t.Errorf("%d listings in 4 periods", store.listings)
		}
	})
}

// claims is a store without subscriptions.
type claims struct {
	ports.Store
	until    time.Time
	listings int
}

func (c *claims) CreateConnection(_ context.Context, connection ports.Connection) error {
	if time.Now().Before(c.until) {
		return &ports.Error{Op: "test", Kind: ports.ErrConflict}
	}
	c.until = connection.ExpiresAt
	return nil
}

func (c *claims) ListSubscribers(context.Context, ports.Topic, ports.PageRequest) (ports.Page, error) {
	c.listings++
	return ports.Page{}, nil
}

// A row may have a URL that is not allowed any more.
func TestURLsThatAreNotAllowedAnyMore(t *testing.T) {
	t.Parallel()
	at, err := url.Parse("https://router.example.com/callback/id")
	if err != nil {
		t.Fatal(err)
	}
	c := newCallbacks(t, "https://other.example.com/callback")
	c.transport = endless{} // which would be a success
	address := target{url: at, id: "id", verifier: "v"}.address()
	if err := c.Push(t.Context(), address, ports.Frame{Head: []byte(`{"type":"ping"}`)}); !errors.Is(err, ports.ErrGone) {
		t.Errorf("got %v", err)
	}
	if err := c.Push(t.Context(), ports.Address{ID: "1", Endpoint: "process"}, ports.Frame{Head: []byte(`{"type":"ping"}`)}); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("to a socket: %v", err)
	}
}

// A row that a crash has left goes with its first heartbeat: the router does not know
// the subscription, and there is no connection whose end would take the row along.
func TestHeartbeatsRemoveWhatIsLeft(t *testing.T) {
	t.Parallel()
	at, err := url.Parse("https://router.example.com/callback/id")
	if err != nil {
		t.Fatal(err)
	}
	c := newCallbacks(t, "https://router.example.com/callback")
	c.transport = status(404)
	left := ports.Subscriber{Ref: ports.OperationRef{Connection: "left", ID: "id"}, Address: target{url: at, id: "id", verifier: "v"}.address()}
	store := &rows{left: []ports.Subscriber{left}}
	if err := c.beat(t.Context(), nobody{}, store, 2, 0); err != nil {
		t.Fatal(err)
	}
	if len(store.removed) != 1 || store.removed[0] != left.Ref {
		t.Errorf("removed %v", store.removed)
	}
}

// nobody is an engine without connections.
type nobody struct{ Engine }

func (nobody) Disconnect(context.Context, ports.Disconnection) error { return nil }

// rows is a store with rows of one topic.
type rows struct {
	claims
	left    []ports.Subscriber
	removed []ports.OperationRef
}

func (r *rows) ListSubscribers(context.Context, ports.Topic, ports.PageRequest) (ports.Page, error) {
	return ports.Page{Subscribers: r.left}, nil
}

func (r *rows) RemoveSubscribers(_ context.Context, _ ports.Topic, refs []ports.OperationRef) error {
	r.removed = append(r.removed, refs...)
	return nil
}
