package apigw_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

// TestPusherContract runs on the local gateway. Its Close is tried with a code
// after which the client comes back: the message before any other is no frame of
// the contract's, and has tests of its own.
func TestPusherContract(t *testing.T) {
	porttest.TestPusher(t, porttest.PusherAdapter{
		New: func(t *testing.T) (ports.Pusher, func() (ports.Address, porttest.Client)) {
			f := newFixture(t, newFakeEngine(), apigw.HandlerConfig{}, local.Config{})
			return returning{f.pusher}, func() (ports.Address, porttest.Client) {
				address, client := f.dial()
				return address, client
			}
		},
		MaxFrame: 128 << 10,
		Lacks:    []string{"Capacity", "Codes", "Batcher"},
	})
}

// returning closes with 1001, whatever the code.
type returning struct{ ports.Pusher }

func (r returning) Close(ctx context.Context, to ports.Address, _ int, reason string) error {
	return r.Pusher.Close(ctx, to, 1001, reason)
}

// requests is a transport that notes requests and answers as a test says.
type requests struct {
	mu     sync.Mutex
	all    []string // method, URL and body
	header http.Header
	answer func(n int) (status int, header http.Header, err error)
}

func (r *requests) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body := []byte{}
	if request.Body != nil {
		body, _ = io.ReadAll(request.Body)
	}
	r.all = append(r.all, strings.TrimSpace(request.Method+" "+request.URL.String()+" "+string(body)))
	r.header = request.Header
	status, header := http.StatusOK, http.Header{}
	if r.answer != nil {
		var err error
		if status, header, err = r.answer(len(r.all)); err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(`{"message":null}`)), Request: request}, nil
}

func (r *requests) wants(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.all, want) {
		t.Errorf("requests\n%s\nwant\n%s", strings.Join(r.all, "\n"), strings.Join(want, "\n"))
	}
}

// newPusher makes a pusher, with a region and credentials unless it is given them.
func newPusher(t *testing.T, config apigw.PusherConfig) *apigw.Pusher {
	t.Helper()
	config.Region = cmp.Or(config.Region, "eu-west-1")
	if config.Credentials == nil {
		config.Credentials = keys()
	}
	pusher, err := apigw.NewPusher(config)
	if err != nil {
		t.Fatal(err)
	}
	return pusher
}

const closeNotice = ` {"type":"connection_error","payload":{"message":"no \"entry\"","code":4403}}`

func TestPushIsASignedPost(t *testing.T) {
	sent := &requests{}
	if err := newPusher(t, apigw.PusherConfig{Transport: sent}).Push(t.Context(), address(), text("hello")); err != nil {
		t.Fatal(err)
	}
	sent.wants(t, "POST https://abc123.execute-api.eu-west-1.amazonaws.com/prod/@connections/DUxRLfQsvHcCIYw%3D hello")
	authorization := sent.header.Get("Authorization")
	if !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 Credential=AKID/") || !strings.Contains(authorization, "/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=") {
		t.Errorf("signed %s", authorization)
	}
	if sent.header.Get("X-Amz-Security-Token") != "token" || sent.header.Get("X-Amz-Date") == "" {
		t.Errorf("headers %v", sent.header)
	}
}

func TestEndpoints(t *testing.T) {
	for name, test := range map[string]struct{ fixed, address, want string }{
		"of the address":          {"", "https://a.example.com/prod/", "https://a.example.com/prod/@connections/a%2Fb%2Bc%3D"},
		"fixed":                   {"https://b.example.com/", "https://a.example.com/prod", "https://b.example.com/@connections/a%2Fb%2Bc%3D"},
		"fixed, for old sessions": {"http://localhost:8080/local", "", "http://localhost:8080/local/@connections/a%2Fb%2Bc%3D"},
	} {
		sent := &requests{}
		pusher := newPusher(t, apigw.PusherConfig{Transport: sent, Endpoint: test.fixed})
		if err := pusher.Push(t.Context(), ports.Address{ID: "a/b+c=", Endpoint: test.address}, text("x")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		sent.wants(t, "POST "+test.want+" x")
	}
}

func TestPushFailures(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		code   string
		kind   error
	}{
		"gone":                  {410, "GoneException", ports.ErrGone},
		"too large":             {413, "PayloadTooLargeException", ports.ErrTooLarge},
		"throttled":             {429, "LimitExceededException", ports.ErrThrottled},
		"throttled by name":     {400, "ThrottlingException:http://internal.amazon.com/", ports.ErrThrottled},
		"forbidden":             {403, "ForbiddenException", nil},
		"AWS's own":             {500, "", nil},
		"a proxy's redirection": {302, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			sent := &requests{answer: func(int) (int, http.Header, error) {
				return test.status, http.Header{"X-Amzn-Errortype": {test.code}, "X-Amzn-Requestid": {"r-1"}}, nil
			}}
			err := newPusher(t, apigw.PusherConfig{Transport: sent}).Push(t.Context(), address(), text("x"))
			failure, ok := errors.AsType[*ports.Error](err)
			if !ok || !errors.Is(failure.Kind, test.kind) || failure.Op != "apigw.Push" {
				t.Fatalf("got %v, want kind %v", err, test.kind)
			}
			answer, ok := errors.AsType[*apigw.ResponseError](err)
			if code, _, _ := strings.Cut(test.code, ":"); !ok || *answer != (apigw.ResponseError{Status: test.status, Code: code, RequestID: "r-1", Endpoint: address().Endpoint}) {
				t.Errorf("got %#v for a cause", answer)
			}
			if !strings.Contains(err.Error(), address().Endpoint+"/@connections answered ") {
				t.Errorf("the error %v does not name the endpoint", err)
			}
			if len(sent.all) != 1 {
				t.Errorf("%d requests: to repeat them is the engine's", len(sent.all))
			}
		})
	}
}

var errNetwork = errors.New("connection reset")

func TestPushWithoutAnAnswer(t *testing.T) {
	sent := &requests{answer: func(int) (int, http.Header, error) { return 0, nil, errNetwork }}
	err := newPusher(t, apigw.PusherConfig{Transport: sent}).Push(t.Context(), address(), text("x"))
	failure, ok := errors.AsType[*ports.Error](err)
	if !ok || failure.Kind != nil || !errors.Is(err, errNetwork) {
		t.Errorf("got %v, want a *ports.Error of no kind", err)
	}
}

func TestPushWithoutCredentials(t *testing.T) {
	sent := &requests{}
	provider := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errNetwork })
	pusher := newPusher(t, apigw.PusherConfig{Credentials: provider, Transport: sent})
	if err := pusher.Push(t.Context(), address(), text("x")); !errors.Is(err, errNetwork) {
		t.Errorf("got %v, want the provider's error", err)
	}
	sent.wants(t)
}

func TestTooLargeIsNotSent(t *testing.T) {
	sent := &requests{}
	frame := ports.Frame{Head: []byte("x"), Payload: make([]byte, 128<<10)}
	if err := newPusher(t, apigw.PusherConfig{Transport: sent}).Push(t.Context(), address(), frame); !errors.Is(err, ports.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	sent.wants(t)
}

const connectionURL = "https://abc123.execute-api.eu-west-1.amazonaws.com/prod/@connections/DUxRLfQsvHcCIYw%3D"

func TestCloseTellsWhoMustNotComeBack(t *testing.T) {
	for _, code := range []int{4400, 4401, 4403, 4406, 4409, 4429, 4999, 1002, 1003, 1008, 1011} {
		sent := &requests{}
		if err := newPusher(t, apigw.PusherConfig{Transport: sent}).Close(t.Context(), address(), code, "no"); err != nil {
			t.Fatal(err)
		}
		if len(sent.all) != 2 || !strings.HasPrefix(sent.all[0], "POST") || sent.all[1] != "DELETE "+connectionURL {
			t.Errorf("%d: requests %q", code, sent.all)
		}
	}
	sent := &requests{}
	if err := newPusher(t, apigw.PusherConfig{Transport: sent}).Close(t.Context(), address(), 4403, `no "entry"`); err != nil {
		t.Fatal(err)
	}
	sent.wants(t, "POST "+connectionURL+closeNotice, "DELETE "+connectionURL)
}

func TestCloseOnlyDeletesWhoMayComeBack(t *testing.T) {
	for _, code := range []int{0, 1000, 1001, 1005, 1006, 1012, 1013, 1014, 4408} {
		sent := &requests{}
		if err := newPusher(t, apigw.PusherConfig{Transport: sent}).Close(t.Context(), address(), code, "later"); err != nil {
			t.Fatal(err)
		}
		sent.wants(t, "DELETE "+connectionURL)
	}
}

func TestCloseFailures(t *testing.T) {
	gone := func() (int, http.Header, error) { return 410, http.Header{}, nil }
	throttled := func() (int, http.Header, error) { return 429, http.Header{}, nil }
	good := func() (int, http.Header, error) { return 204, http.Header{}, nil }
	for name, test := range map[string]struct {
		answers []func() (int, http.Header, error)
		kind    error
		sent    int
	}{
		"gone at the message":  {[]func() (int, http.Header, error){gone}, nil, 1},
		"gone at the deletion": {[]func() (int, http.Header, error){good, gone}, nil, 2},
		"no message, but gone": {[]func() (int, http.Header, error){throttled, gone}, nil, 2},
		"no message":           {[]func() (int, http.Header, error){throttled, good}, ports.ErrThrottled, 2},
		"not deleted":          {[]func() (int, http.Header, error){good, throttled}, ports.ErrThrottled, 2},
	} {
		t.Run(name, func(t *testing.T) {
			sent := &requests{answer: func(n int) (int, http.Header, error) { return test.answers[n-1]() }}
			err := newPusher(t, apigw.PusherConfig{Transport: sent}).Close(t.Context(), address(), 4403, "no")
			if test.kind == nil && err != nil || test.kind != nil && !errors.Is(err, test.kind) {
				t.Errorf("got %v, want %v", err, test.kind)
			}
			if len(sent.all) != test.sent {
				t.Errorf("requests %q, want %d", sent.all, test.sent)
			}
		})
	}
}

// Posts one after the other share one connection.
func TestConnectionsAreReused(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusGone)
		_, _ = io.WriteString(w, "read to the end, or the connection is lost")
	}))
	var opened atomic.Int64
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	pusher := newPusher(t, apigw.PusherConfig{Transport: server.Client().Transport, Endpoint: server.URL})
	for range 10 {
		if err := pusher.Push(t.Context(), address(), text("x")); !errors.Is(err, ports.ErrGone) {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for 10 posts", n)
	}
}

func TestNoEndpoint(t *testing.T) {
	err := newPusher(t, apigw.PusherConfig{Transport: http.DefaultTransport}).Push(t.Context(), ports.Address{ID: "a"}, text("x"))
	if _, ok := errors.AsType[*ports.Error](err); !ok {
		t.Errorf("got %v, want a *ports.Error", err)
	}
}
