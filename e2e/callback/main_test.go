//go:build e2e

package callback

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// binary is the program examples/subgraph.
var binary string // built once for all tests

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "fanql-callback")
	if err == nil {
		binary = filepath.Join(folder, "subgraph")
		build := exec.Command("go", "build", "-race", "-o", binary, "github.com/fanql/fanql/examples/subgraph")
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building examples/subgraph:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
