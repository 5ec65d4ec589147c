//go:build e2e

package e2e

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/fanql/fanql/e2e/internal/program"
)

// TestBuiltPagesAreCompressedAndKept: what the build makes is what the server looks for.
func TestBuiltPagesAreCompressedAndKept(t *testing.T) {
	t.Parallel()
	chat := program.Start(t, "examples/chat", "-addr", "127.0.0.1:0")
	page, header := fetch(t, chat.Base+"/")
	if got := header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("the page is cached by %q", got)
	}
	assets := regexp.MustCompile(`(?:src|href)="\./(assets/[^"]+\.(?:js|css))"`).FindAllStringSubmatch(page, -1)
	if len(assets) < 2 {
		t.Fatalf("the page names %q as its assets", assets)
	}
	for _, asset := range assets {
		content, header := fetch(t, chat.Base+"/"+asset[1])
		if header.Get("Content-Encoding") != "gzip" && len(content) > 1400 {
			t.Errorf("%s, %d bytes, is not compressed", asset[1], len(content))
		}
		if got := header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s is cached by %q", asset[1], got)
		}
	}
}

// fetch returns what an address has, as it was before it was compressed.
func fetch(t *testing.T, address string) (string, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "gzip") // net/http then leaves what comes as it is
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", address, response.Status)
	}
	body := io.Reader(response.Body)
	if response.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(body); err != nil {
			t.Fatal(err)
		}
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content), response.Header
}
