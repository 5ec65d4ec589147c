package doccheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestIndexHasEveryPage: docs/README.md leads to each page beside it.
func TestIndexHasEveryPage(t *testing.T) {
	index, err := os.ReadFile("../../docs/README.md")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 20 {
		t.Fatalf("found %d pages: %v", len(pages), err)
	}
	for _, page := range pages {
		name := filepath.Base(page)
		if name != "README.md" && !strings.Contains(string(index), "]("+name) {
			t.Errorf("docs/README.md does not lead to %s", name)
		}
	}
}
