//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fanql/fanql/e2e/internal/program"
)

// screenshots returns where pages are photographed, and the browser.
func screenshots(t *testing.T) (folder, chromium string) {
	t.Helper()
	chromium = program.Require(t, "chromium", "Chromium is missing; on Debian: apt-get install chromium")
	folder, err := filepath.Abs("../bin/e2e")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	return folder, chromium
}

// debugResult is what clients/debug.mjs reports.
type debugResult struct {
	// Rows are those of a topic with one subscriber and one event, in each look of the
	// page.
	Rows []string
	// Findings are what axe-core finds, Problems the errors in the page's console.
	Findings, Problems []string
}

// The page for operators, wide and on a phone, light and dark, and when its server has
// gone.
func TestDebugPage(t *testing.T) {
	t.Parallel()
	folder, chromium := screenshots(t)
	chat := program.Start(t, "examples/chat", "-addr", "127.0.0.1:0", "-debug", "127.0.0.1:0")
	if chat.Debug == "" {
		t.Fatal("the chat does not say where the page is")
	}
	var got debugResult
	program.RunScript(t, &got, "debug.mjs", chat.Base, chat.Debug, chromium, folder)
	if len(got.Rows) != 4 {
		t.Errorf("got %d rows, want 4", len(got.Rows))
	}
	for _, row := range got.Rows {
		if !strings.HasPrefix(row, "room/غرفة <b>operators</b> 1 ") {
			t.Errorf("a row is %q, want the topic with one subscriber", row)
		}
	}
	for _, finding := range append(got.Findings, got.Problems...) {
		t.Error(finding)
	}
}
