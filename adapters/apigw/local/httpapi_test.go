package local_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fanql/fanql/adapters/apigw/local"
)

func newHTTPAPI(t *testing.T, config local.HTTPConfig) *local.HTTPAPI {
	t.Helper()
	if config.Function == nil {
		config.Function = local.NewFunction(func(context.Context, any) (any, error) { return nil, errFunction })
	}
	api, err := local.NewHTTPAPI(config)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func httpRequest(t *testing.T, method, target, body string) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
}

func TestHTTPEvent(t *testing.T) {
	now := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	var got events.APIGatewayV2HTTPRequest
	api := newHTTPAPI(t, local.HTTPConfig{
		Now: func() time.Time { return now },
		Function: local.NewFunction(func(_ context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
			got = event
			return events.APIGatewayV2HTTPResponse{StatusCode: 200}, nil
		}),
	})
	request := httpRequest(t, http.MethodPost, "http://chat.example.com/a%20b/c?x=1&x=2&y=%20", `{"query":"{ a }"}`)
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Add("X-Twice", "a")
	request.Header.Add("X-Twice", "b")
	request.Header.Set("Cookie", "a=1; b=2")
	request.RemoteAddr = "192.0.2.7:4711"
	api.ServeHTTP(httptest.NewRecorder(), request)

	if got.Version != "2.0" || got.RouteKey != "$default" || got.RawPath != "/a%20b/c" || got.RawQueryString != "x=1&x=2&y=%20" {
		t.Errorf("event %+v", got)
	}
	if got.Headers["x-twice"] != "a,b" || got.Headers["host"] != "chat.example.com" || got.Headers["cookie"] != "" || !slices.Equal(got.Cookies, []string{"a=1", "b=2"}) {
		t.Errorf("headers %v, cookies %v", got.Headers, got.Cookies)
	}
	if got.QueryStringParameters["x"] != "1,2" || got.Body != `{"query":"{ a }"}` || got.IsBase64Encoded {
		t.Errorf("query %v, body %q", got.QueryStringParameters, got.Body)
	}
	at := got.RequestContext
	if at.HTTP.Method != http.MethodPost || at.HTTP.Path != "/a b/c" || at.HTTP.SourceIP != "192.0.2.7" || at.DomainName != "chat.example.com" || at.DomainPrefix != "chat" ||
		at.Stage != "$default" || at.Time != "03/Feb/2026:04:05:06 +0000" || at.TimeEpoch != now.UnixMilli() || at.RequestID == "" {
		t.Errorf("requestContext %+v", at)
	}
}

func TestHTTPBodyEncoding(t *testing.T) {
	for contentType, want := range map[string]bool{
		"text/plain": false, "application/json": false, "application/graphql-response+json": false,
		"image/png": true, "": true, "multipart/form-data; boundary=x": true,
	} {
		var got events.APIGatewayV2HTTPRequest
		api := newHTTPAPI(t, local.HTTPConfig{Function: local.NewFunction(func(_ context.Context, event events.APIGatewayV2HTTPRequest) (string, error) {
			got = event
			return "", nil
		})})
		request := httpRequest(t, http.MethodPost, "/", "hello")
		request.Header.Set("Content-Type", contentType)
		api.ServeHTTP(httptest.NewRecorder(), request)
		if got.IsBase64Encoded != want || got.Body != map[bool]string{false: "hello", true: "aGVsbG8="}[want] {
			t.Errorf("%s: body %q, base64 %v", contentType, got.Body, got.IsBase64Encoded)
		}
	}
}

// raw is a function with one answer.
type raw string

func (r raw) Invoke(context.Context, []byte) ([]byte, error) { return []byte(r), nil }

func TestHTTPAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		answer raw
		status int
		body   string
		header http.Header
	}{
		"whole": {`{"statusCode":201,"headers":{"X-A":"b"},"cookies":["c=1","d=2"],"body":"hello"}`, 201, "hello", http.Header{"X-A": {"b"}, "Set-Cookie": {"c=1", "d=2"}}},
		"coded": {`{"statusCode":200,"body":"aGVsbG8=","isBase64Encoded":true}`, 200, "hello", nil},
		"bare":  {`{"hello":"world"}`, 200, `{"hello":"world"}`, http.Header{"Content-Type": {"application/json"}}},
		"text":  {`"hello"`, 200, `"hello"`, http.Header{"Content-Type": {"application/json"}}},
		"none":  {`{"statusCode":`, 500, `{"message":"Internal Server Error"}`, nil},
		"odd":   {`{"statusCode":200,"body":"?","isBase64Encoded":true}`, 500, `{"message":"Internal Server Error"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			newHTTPAPI(t, local.HTTPConfig{Function: test.answer}).ServeHTTP(recorder, httpRequest(t, http.MethodGet, "/", ""))
			if recorder.Code != test.status || recorder.Body.String() != test.body {
				t.Errorf("answered %d %s, want %d %s", recorder.Code, recorder.Body, test.status, test.body)
			}
			for name, want := range test.header {
				if got := recorder.Header()[name]; !slices.Equal(got, want) {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestHTTPFailures(t *testing.T) {
	hangs := local.NewFunction(func(ctx context.Context, _ any) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	fails := local.NewFunction(func(context.Context, any) (any, error) { return nil, errFunction })
	for name, test := range map[string]struct {
		config local.HTTPConfig
		body   io.Reader
		want   int
	}{
		"error":     {local.HTTPConfig{Function: fails}, strings.NewReader(""), 500},
		"timeout":   {local.HTTPConfig{Function: hangs, Timeout: 10 * time.Millisecond}, strings.NewReader(""), 503},
		"too large": {local.HTTPConfig{Function: fails, BodyLimit: 4}, strings.NewReader("hello"), 413},
		"cut off":   {local.HTTPConfig{Function: fails}, io.MultiReader(strings.NewReader("x"), broken{}), 400},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			newHTTPAPI(t, test.config).ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", test.body))
			if recorder.Code != test.want {
				t.Errorf("answered %d, want %d", recorder.Code, test.want)
			}
		})
	}
}

// TestBodiesThatAreAnnouncedTooLongAreRefusedAtOnce: to read is to ask for the body, by 100
// (Continue), where the client waits for that (RFC 9110, section 10.1.1).
func TestBodiesThatAreAnnouncedTooLongAreRefusedAtOnce(t *testing.T) {
	f := newFixture(t, local.Config{}, newFunction())
	for name, test := range map[string]struct {
		handler http.Handler
		path    string
		length  int64
	}{
		"HTTP API":     {newHTTPAPI(t, local.HTTPConfig{}), "/", 6<<20 + 1},
		"@connections": {f.gateway, "/local/@connections/" + url.QueryEscape(f.dial().id), 128<<10 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, test.path, unread{t})
			request.ContentLength = test.length
			request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=...")
			recorder := httptest.NewRecorder()
			test.handler.ServeHTTP(recorder, request)
			if recorder.Code != http.StatusRequestEntityTooLarge {
				t.Errorf("answered %d %s", recorder.Code, recorder.Body)
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

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("cut off") }
