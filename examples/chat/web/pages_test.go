package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/fanql/fanql/examples/chat/web"
)

// build is a folder as the build leaves it.
func build(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"index.html": "the chat", "explorer.html": "the explorer", "explorer.html.gz": "the explorer, compressed",
		"assets/index-Abc123.js": "script", "assets/index-Abc123.js.gz": "script, compressed", "assets/fan-Def456.svg": "<svg/>",
	} {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func get(handler http.Handler, path string, header http.Header) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request.Header = header
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

func TestPagesAreCompressedAndKept(t *testing.T) {
	t.Parallel()
	handler := web.Handler(build(t))
	const year, each = "public, max-age=31536000, immutable", "no-cache"
	for _, test := range []struct {
		path, accepts                    string
		status                           int
		caching, encoding, content, body string
	}{
		{"/", "gzip", 200, each, "", "text/html; charset=utf-8", "the chat"}, // too short for a copy
		{"/explorer", "", 200, each, "", "text/html; charset=utf-8", "the explorer"},
		{"/explorer", "br, gzip;q=0.5", 200, each, "gzip", "text/html; charset=utf-8", "the explorer, compressed"},
		{"/config.json", "gzip", 200, each, "", "application/json", "{}"},
		{"/assets/index-Abc123.js", "deflate, gzip", 200, year, "gzip", "text/javascript; charset=utf-8", "script, compressed"},
		{"/assets/index-Abc123.js", "gzip;q=0", 200, year, "", "text/javascript; charset=utf-8", "script"},
		{"/assets/index-Abc123.js", "br", 200, year, "", "text/javascript; charset=utf-8", "script"},
		{"/assets/fan-Def456.svg", "gzip", 200, year, "", "image/svg+xml", "<svg/>"},
		{"/assets/index-Old789.js", "gzip", 404, "", "", "text/plain; charset=utf-8", "404 page not found\n"},
		{"/assets/", "gzip", 404, "", "", "text/plain; charset=utf-8", "404 page not found\n"},
		{"/../pages.go", "", 404, "", "", "text/plain; charset=utf-8", "404 page not found\n"},
	} {
		answer := get(handler, test.path, http.Header{"Accept-Encoding": {test.accepts}})
		header, body := answer.Header(), answer.Body.String()
		if answer.Code != test.status || header.Get("Cache-Control") != test.caching || header.Get("Content-Encoding") != test.encoding ||
			header.Get("Content-Type") != test.content || body != test.body {
			t.Errorf("%s for %q: %d, %v, %q", test.path, test.accepts, answer.Code, header, body)
		}
		if test.path != "/config.json" && header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: Vary is %q", test.path, header.Get("Vary"))
		}
	}
}

// TestPageThatIsTheSameIsNotSentAgain.
func TestPageThatIsTheSameIsNotSentAgain(t *testing.T) {
	t.Parallel()
	handler := web.Handler(build(t))
	modified := get(handler, "/", nil).Header().Get("Last-Modified")
	if answer := get(handler, "/", http.Header{"If-Modified-Since": {modified}}); answer.Code != http.StatusNotModified {
		t.Errorf("got %d, want 304", answer.Code)
	}
}
