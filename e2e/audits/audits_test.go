//go:build e2e

// Package audits holds GraphQL over HTTP to the audits of the npm package
// graphql-http, the reference of what the specification demands.
package audits

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/internal/must"
)

// result is how one audit ended.
type result struct {
	ID     string
	Name   string // begins with MUST, SHOULD or MAY; no failure is let pass
	Status string // "ok", or how bad the failure is
	Reason string
}

func TestGraphQLOverHTTPAudits(t *testing.T) {
	installPackages(t)
	server := httptest.NewServer(must.Make(graphqlhttp.NewHandler(newExecutor(t), graphqlhttp.Config{})))
	defer server.Close()

	results := audit(t, server.URL)
	if len(results) == 0 {
		t.Fatal("no audits were run")
	}
	for _, result := range results {
		t.Run(result.ID, func(t *testing.T) {
			if result.Status != "ok" {
				t.Errorf("%s: %s", result.Name, result.Reason)
			}
		})
	}
}

func audit(t *testing.T, url string) []result {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", "audits.mjs", url)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("node audits.mjs: %v", err)
	}
	var results []result
	if err := json.Unmarshal(output, &results); err != nil {
		t.Fatalf("node audits.mjs printed %q: %v", output, err)
	}
	return results
}

// installPackages sees to it that node_modules is what package-lock.json says.
func installPackages(t *testing.T) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: install Node.js 18 or later with npm (Debian: apt-get install nodejs npm)", program)
		}
	}
	lock, err := os.Stat("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	// npm writes this file last, so that it also tells a whole installation.
	installed, err := os.Stat("node_modules/.package-lock.json")
	if err == nil && !installed.ModTime().Before(lock.ModTime()) {
		return
	}
	output, err := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund").CombinedOutput()
	if err != nil {
		t.Fatalf("npm ci: %v\n%s", err, output)
	}
}
