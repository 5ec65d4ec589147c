//go:build e2e

package program

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// RunScript runs one of the Node.js programs in e2e/clients and decodes the line
// of JSON that it prints.
func RunScript(t *testing.T, result any, script string, args ...string) {
	t.Helper()
	Require(t, "node", "Node.js 20 or later is missing; on Debian: apt-get install nodejs npm")
	folder := filepath.Join(root(t), "e2e", "clients")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json")); err != nil {
		t.Fatal("the clients are not installed; run `npm ci` in e2e/clients, or `make e2e`")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*Patience) // of some hundred steps
	defer cancel()
	node := exec.CommandContext(ctx, "node", append([]string{script}, args...)...) //nolint:gosec // a script of this repository
	node.Dir = folder
	// A script that is asked to stop takes its browser along.
	node.Cancel = func() error { return node.Process.Signal(syscall.SIGTERM) }
	node.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	node.Stdout, node.Stderr = &stdout, &stderr
	if err := node.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", script, errors.Join(err, ctx.Err()), &stdout, &stderr)
	}
	if err := json.Unmarshal(stdout.Bytes(), result); err != nil {
		t.Fatalf("%s printed no result: %v\n%s%s", script, err, &stdout, &stderr)
	}
}
