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

// packages has the packages of the scripts, and the gateway: those of the example.
const packages = "../../examples/subgraph/gateway"

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
	if _, err := os.Stat(packages + "/node_modules/.package-lock.json"); err != nil {
		t.Fatal("the packages are not installed; run `npm ci` in examples/subgraph/gateway, or `make e2e`")
	}
}

// subgraph is one as composition takes it.
type subgraph struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	SDL  string `json:"sdl"`
}

// composed is what composition makes of a graph. One of the fields is empty.
type composed struct {
	Supergraph string
	Errors     []string
}

// compose composes each of the graphs.
func compose(t *testing.T, graphs ...[]subgraph) []composed {
	t.Helper()
	input, err := json.Marshal(graphs)
	if err != nil {
		t.Fatal(err)
	}
	var results []composed
	if err := json.Unmarshal(node(t, string(input), "compose.mjs"), &results); err != nil {
		t.Fatal(err)
	}
	return results
}

// supergraphOf composes one graph.
func supergraphOf(t *testing.T, subgraphs ...subgraph) string {
	t.Helper()
	result := compose(t, subgraphs)[0]
	if result.Errors != nil {
		t.Fatalf("%s\n%s", strings.Join(result.Errors, "\n"), subgraphs[0].SDL)
	}
	return result.Supergraph
}
