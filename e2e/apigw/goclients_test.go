//go:build e2e

package apigw

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// buildGoClients builds the program that watches the Go clients, which are a module of
// their own.
func buildGoClients(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "goclients")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Dir = "goclients"
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building goclients: %v\n%s", err, output)
	}
	return program
}
