//go:build e2e

package resuming

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fanql/fanql/e2e/internal/program"
)

// TestModule runs the tests of @fanql/resume.
func TestModule(t *testing.T) {
	program.Require(t, "node", "Node.js 20 or later is missing; on Debian: apt-get install nodejs npm")
	folder := filepath.Join("..", "..", "clients")
	if _, err := os.Stat(filepath.Join(folder, "dist", "resume.js")); err != nil {
		t.Fatal("the module is not built; run `npm ci && npm run build` in clients, or `make e2e`")
	}
	test := exec.CommandContext(t.Context(), "node", "--test", "test/")
	test.Dir = folder
	if output, err := test.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
