package apigw_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/apigw/local"
)

// invokeHTTP has a handler answer an event of an HTTP API.
func invokeHTTP(t *testing.T, handler http.Handler, event any) (response events.APIGatewayV2HTTPResponse, err error) {
	t.Helper()
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := newHandler(t, apigw.HandlerConfig{HTTP: handler}).Invoke(t.Context(), payload)
	if err == nil {
		err = json.Unmarshal(answer, &response)
	}
	return response, err
}

func TestHTTPRequest(t *testing.T) {
	event := json.RawMessage(`{"version": "2.0", "routeKey": "$default", "rawPath": "/prod/my%20graphql", "rawQueryString": "a=1&a=2&query=%7Ba%7D",
		"cookies": ["a=1", "b=2"], "headers": {"host": "api.example.com", "content-type": "application/json", "x-twice": "a,b"},
		"requestContext": {"stage": "prod", "domainName": "abc.example.com", "authorizer": {"jwt": {"claims": {"sub": "ada"}}},
			"http": {"method": "POST", "path": "/prod/my graphql", "protocol": "HTTP/1.1", "sourceIp": "2001:db8::1"}},
		"body": "eyJxdWVyeSI6IuKYgyJ9", "isBase64Encoded": true}`)
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != `{"query":"☃"}` || r.ContentLength != int64(len(body)) {
			t.Errorf("body %s of %d (%v)", body, r.ContentLength, err)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/my graphql" || r.URL.EscapedPath() != "/my%20graphql" || r.RequestURI != "/my%20graphql?a=1&a=2&query=%7Ba%7D" {
			t.Errorf("%s %s, %s", r.Method, r.URL.Path, r.RequestURI)
		}
		if got := r.URL.Query(); !slices.Equal(got["a"], []string{"1", "2"}) || got.Get("query") != "{a}" {
			t.Errorf("query %v", got)
		}
		if r.Host != "api.example.com" || r.RemoteAddr != "[2001:db8::1]:0" || r.Proto != "HTTP/1.1" || r.ProtoMajor != 1 || r.ProtoMinor != 1 {
			t.Errorf("host %s, remote address %s, %s %d.%d", r.Host, r.RemoteAddr, r.Proto, r.ProtoMajor, r.ProtoMinor)
		}
		want := http.Header{"Content-Type": {"application/json"}, "X-Twice": {"a,b"}, "Cookie": {"a=1; b=2"}}
		if !maps.EqualFunc(r.Header, want, slices.Equal[[]string]) {
			t.Errorf("header %v, want %v", r.Header, want)
		}
		if cookie, err := r.Cookie("b"); err != nil || cookie.Value != "2" {
			t.Errorf("cookie b: %v (%v)", cookie, err)
		}
		of, ok := apigw.HTTPEvent(r.Context())
		if !ok || of.RequestContext.Authorizer.JWT.Claims["sub"] != "ada" {
			t.Errorf("the event is %+v", of)
		}
	})
	if _, err := invokeHTTP(t, handler, event); err != nil {
		t.Error(err)
	}
	if _, ok := apigw.HTTPEvent(t.Context()); ok {
		t.Error("an event, where there is none")
	}
}

func TestHTTPPaths(t *testing.T) {
	for given, want := range map[[2]string]string{
		{"prod", "/prod/graphql"}:        "/graphql",
		{"prod", "/prod"}:                "/",
		{"prod", "/production"}:          "/production",
		{"prod", "/graphql"}:             "/graphql",
		{"$default", "/graphql"}:         "/graphql",
		{"", ""}:                         "/",
		{"$default", "/100%"}:            "/100%",
		{"$default", "/a%2Fb/%E2%98%83"}: "/a/b/☃",
	} {
		var got string
		handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.URL.Path })
		event := events.APIGatewayV2HTTPRequest{RawPath: given[1]}
		event.RequestContext.Stage = given[0]
		if _, err := invokeHTTP(t, handler, event); err != nil || got != want {
			t.Errorf("stage %q, path %q: %q (%v), want %q", given[0], given[1], got, err, want)
		}
	}
}

func TestHTTPResponse(t *testing.T) {
	for name, test := range map[string]struct {
		method string
		serve  http.HandlerFunc
		want   events.APIGatewayV2HTTPResponse
	}{
		"nothing": {serve: func(http.ResponseWriter, *http.Request) {}, want: events.APIGatewayV2HTTPResponse{StatusCode: 200}},
		"text": {
			serve: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello ☃") },
			want:  events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"Content-Type": "text/plain; charset=utf-8"}, Body: "hello ☃"},
		},
		"bytes": {
			serve: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xff, 0, 1}) },
			want:  events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"Content-Type": "application/octet-stream"}, Body: "/wAB", IsBase64Encoded: true},
		},
		"status, headers and cookies": {
			serve: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Add("Vary", "Accept")
				w.Header().Add("Vary", "Origin")
				http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
				http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
				w.WriteHeader(http.StatusEarlyHints)
				w.WriteHeader(http.StatusTeapot)
				w.WriteHeader(http.StatusOK)
				w.Header().Set("Too", "late")
			},
			want: events.APIGatewayV2HTTPResponse{StatusCode: 418, Headers: map[string]string{"Vary": "Accept, Origin"}, Cookies: []string{"a=1", "b=2"}},
		},
		"HEAD": {
			method: http.MethodHead,
			serve: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "5")
				_, _ = io.WriteString(w, "hello")
			},
			want: events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"Content-Length": "5", "Content-Type": "text/plain; charset=utf-8"}},
		},
		"no content": {
			serve: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNoContent)
				if _, err := io.WriteString(w, "x"); err != http.ErrBodyNotAllowed { //nolint:errorlint // net/http returns it as it is
					t.Errorf("a body for 204: %v", err)
				}
			},
			want: events.APIGatewayV2HTTPResponse{StatusCode: 204},
		},
	} {
		t.Run(name, func(t *testing.T) {
			event := events.APIGatewayV2HTTPRequest{RawPath: "/"}
			event.RequestContext.HTTP.Method = test.method
			got, err := invokeHTTP(t, test.serve, event)
			if test.want.Headers == nil {
				test.want.Headers = map[string]string{}
			}
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("answered\n%+v (%v)\nwant\n%+v", got, err, test.want)
			}
		})
	}
}

func TestHTTPBodyIsNotBase64(t *testing.T) {
	if _, err := invokeHTTP(t, http.NotFoundHandler(), json.RawMessage(`{"body": "?", "isBase64Encoded": true, "requestContext": {"http": {}}}`)); err == nil {
		t.Error("no error")
	}
}

// TestHTTPAsInAServer sends the same requests to a handler in a server, and
// through events and back, and finds no difference.
func TestHTTPAsInAServer(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Set("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
		if r.URL.Query().Has("gzip") {
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Encoding", "gzip")
			zipped := gzip.NewWriter(w)
			_, _ = io.WriteString(zipped, "hello")
			_ = zipped.Close()
			return
		}
		w.WriteHeader(http.StatusAccepted)
		_, _ = fmt.Fprintf(w, "%s %s %q %s %v", r.Method, r.RequestURI, body, r.Header.Get("X-Some"), r.Cookies())
	})
	direct := httptest.NewServer(handler)
	defer direct.Close()
	api, err := local.NewHTTPAPI(local.HTTPConfig{Function: newHandler(t, apigw.HandlerConfig{HTTP: handler})})
	if err != nil {
		t.Fatal(err)
	}
	through := httptest.NewServer(api)
	defer through.Close()
	for _, path := range []string{"/", "/graphql?query=%7Ba%7D&x", "/a%20b//c/?q=%3D+%26", "/?gzip"} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions} {
			for _, body := range []string{"", "hello ☃", "\xff\x00"} {
				want := exchange(t, direct.URL+path, method, body)
				if got := exchange(t, through.URL+path, method, body); got != want {
					t.Errorf("%s %s %q: through events\n%s\nin a server\n%s", method, path, body, got, want)
				}
			}
		}
	}
}

// exchange is a response in words.
func exchange(t *testing.T, target, method, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Cookie", "one=1; two=2")
	request.Header.Set("X-Some", "thing")
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answered, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	response.Header.Del("Connection")
	return fmt.Sprintf("%d %v %q", response.StatusCode, response.Header, answered)
}
