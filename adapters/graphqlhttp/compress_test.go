package graphqlhttp_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

func TestLongAnswersAreCompressedWhereTheClientTakesIt(t *testing.T) {
	long := `{"data":{"a":"` + strings.Repeat("x", 2000) + `"}}`
	for _, test := range []struct {
		accepts, body string
		want          bool
	}{
		{"gzip", long, true},
		{"br, GZIP;q=0.5", long, true},
		{"*", long, true},
		{"gzip;q=0, *", long, false},
		{"*;q=0", long, false},
		{"gzip; q=odd", long, false},
		{"br", long, false},
		{"", long, false},
		{"gzip", `{"data":{"a":"x"}}`, false},
	} {
		t.Run(test.accepts, func(t *testing.T) {
			request := post(`{"query":"{ a }"}`)
			request.Header.Set("Accept-Encoding", test.accepts)
			w := serve(&fake{response: ports.Response{Body: []byte(test.body)}}, request)
			var body io.Reader = w.Body
			if got := w.Header().Get("Content-Encoding") == "gzip"; got != test.want {
				t.Fatalf("compressed is %v, want %v", got, test.want)
			}
			if test.want {
				body = must.Make(gzip.NewReader(w.Body))
			}
			if got := string(must.Make(io.ReadAll(body))); got != test.body {
				t.Errorf("got %d bytes: %.50q", len(got), got)
			}
			if vary := w.Header().Values("Vary"); !slices.Contains(vary, "Accept-Encoding") {
				t.Errorf("Vary %q", vary)
			}
		})
	}
}

func TestAnswersAreNotStoredUnlessMiddlewareSaysSo(t *testing.T) {
	handler := must.Make(graphqlhttp.NewHandler(&fake{response: ports.Response{Body: []byte(`{"data":null}`)}}, graphqlhttp.Config{}))
	for _, policy := range []string{"", "public, max-age=60"} {
		w := httptest.NewRecorder()
		want := "no-store"
		if policy != "" {
			w.Header().Set("Cache-Control", policy)
			want = policy
		}
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?query={a}", nil))
		if got := w.Header().Get("Cache-Control"); got != want {
			t.Errorf("Cache-Control %q, want %q", got, want)
		}
	}
}
