//go:build e2e

package federation

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/fanql/fanql/e2e/internal/program"
)

// node runs a script of this folder on an input, and returns what it prints.
func node(t *testing.T, input, script string) []byte {
	t.Helper()
	installed(t)
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), "node", script)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, &stderr)
	}
	return stdout.Bytes()
}

func installed(t *testing.T) {
	t.Helper()
	program.Require(t, "node", "Node.js 20 or later is missing; on Debian: apt-get install nodejs npm")
	if _, err := os.Stat("node_modules/.package-lock.json"); err != nil {
		t.Fatal("the packages are not installed; run `npm ci` in e2e/federation, or `make e2e`")
	}
}

// subgraph is one as composition takes it.
type subgraph struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	SDL  string `json:"sdl"`
}

// compose composes subgraphs. One of the results is empty.
func compose(t *testing.T, subgraphs ...subgraph) (supergraph string, errs []string) {
	t.Helper()
	input, err := json.Marshal(subgraphs)
	if err != nil {
		t.Fatal(err)
	}
	var result struct {
		Supergraph string
		Errors     []string
	}
	if err := json.Unmarshal(node(t, string(input), "compose.mjs"), &result); err != nil {
		t.Fatal(err)
	}
	return result.Supergraph, result.Errors
}
