//go:build e2e

package callback

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fanql/fanql/e2e/internal/program"
	"github.com/fanql/fanql/internal/freeport"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/internal/redislocal"
)

// patience is how long anything may take before it counts as stuck.
const patience = 3 * time.Minute

// gatewayFolder has the gateway, its configuration, and what composes a supergraph.
const gatewayFolder = "../../examples/subgraph/gateway"

// startRedis runs a Redis until the end of the test.
func startRedis(t *testing.T) *redislocal.Server {
	t.Helper()
	server, err := redislocal.Start(t.Context(), redislocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

// process is a program that runs.
type process struct {
	t       *testing.T
	command *exec.Cmd
	ended   chan struct{}
}

// run starts a program. At the end of the test it is killed, unless it has ended.
func run(t *testing.T, folder string, environment []string, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, command: exec.CommandContext(context.WithoutCancel(t.Context()), name, args...), ended: make(chan struct{})}
	p.command.Dir, p.command.Env = folder, append(os.Environ(), environment...)
	p.command.Stdout, p.command.Stderr = t.Output(), t.Output()
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.command.Wait() // it is killed
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

// kill ends the program at once, and returns when it has ended.
func (p *process) kill() {
	_ = p.command.Process.Signal(syscall.SIGKILL) // the second time it is gone
	<-p.ended
}

// awaitHTTP waits until something is answered at a URL.
func awaitHTTP(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// graph is a gateway before two subgraphs.
type graph struct{ gateway, reviews, products, redis string }

// newGraph chooses addresses.
func newGraph(t *testing.T) *graph {
	t.Helper()
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	address := func() string { return must.Make(freeport.Address(t.Context())) }
	return &graph{gateway: address(), reviews: address(), products: address(), redis: startRedis(t).Addr()}
}

// callbacks is how the gateway's callback URLs begin.
func (g *graph) callbacks() string { return "http://" + g.gateway + "/callback" }

// startSubgraph runs a subgraph as a program.
func (g *graph) startSubgraph(t *testing.T, name, address string) *process {
	t.Helper()
	binary := program.Build(t, "examples/subgraph", "-race")
	p := run(t, "", []string{program.Race}, binary, "-subgraph", name, "-addr", address, "-allow", g.callbacks(), "-redis", g.redis)
	awaitHTTP(t, "http://"+address+"/livez")
	return p
}

// startGateway composes the supergraph and runs the gateway.
func (g *graph) startGateway(t *testing.T) {
	t.Helper()
	node := program.Require(t, "node", "Node.js 20 or later is missing; on Debian: apt-get install nodejs npm")
	if _, err := os.Stat(filepath.Join(gatewayFolder, "node_modules", ".package-lock.json")); err != nil {
		t.Fatal("the gateway is not installed; run `npm ci` in examples/subgraph/gateway, or `make e2e`")
	}
	supergraph := filepath.Join(t.TempDir(), "supergraph.graphql")
	compose := exec.CommandContext(t.Context(), node, "compose.mjs", supergraph, "http://"+g.reviews+"/graphql", "http://"+g.products+"/graphql")
	compose.Dir = gatewayFolder
	if output, err := compose.CombinedOutput(); err != nil {
		t.Fatalf("composing: %v\n%s", err, output)
	}
	_, port, err := net.SplitHostPort(g.gateway)
	if err != nil {
		t.Fatal(err)
	}
	run(t, gatewayFolder, []string{"PORT=" + port, "SUPERGRAPH=" + supergraph}, node,
		"node_modules/@graphql-hive/gateway/dist/bin.js", "supergraph", "-c", "gateway.config.mjs")
	awaitHTTP(t, "http://"+g.gateway+"/healthcheck")
}

// request sends a request through the gateway.
func (g *graph) request(ctx context.Context, accept, query string) (*http.Response, error) {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+g.gateway+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", accept)
	return http.DefaultClient.Do(request)
}

// execute is the result of a query or mutation through the gateway.
func (g *graph) execute(t *testing.T, query string) string {
	t.Helper()
	response, err := g.request(t.Context(), "application/json", query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// client is a subscription through the gateway, over SSE.
type client struct {
	t     *testing.T
	leave func()

	mu      sync.Mutex
	results []string
	ended   string // how, once it has
}

// subscribe returns once the gateway has answered.
func (g *graph) subscribe(t *testing.T, query string) *client {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	response, err := g.request(ctx, "text/event-stream", query) //nolint:bodyclose // leave closes it
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	c := &client{t: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.read(response.Body)
	}()
	c.leave = func() {
		cancel()
		_ = response.Body.Close()
		<-done
	}
	t.Cleanup(c.leave)
	return c
}

// read takes the events of a stream until it ends.
func (c *client) read(body io.Reader) {
	lines := bufio.NewScanner(body)
	event := ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		c.mu.Lock()
		switch {
		case name == "event":
			event = value
		case name == "data" && event == "next":
			c.results = append(c.results, value)
		case name == "data":
			c.ended = event
		}
		c.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == "" {
		c.ended = fmt.Sprintf("cut: %v", lines.Err())
	}
}

// so is what has come, and how it has ended, if it has.
func (c *client) so() (results []string, ended string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.results...), c.ended
}

// await waits for so many results.
func (c *client) await(count int) []string {
	c.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		results, ended := c.so()
		if len(results) >= count {
			return results
		}
		if ended != "" || time.Now().After(deadline) {
			c.t.Fatalf("%d results, want %d; ended: %q; the last: %v", len(results), count, ended, results[max(0, len(results)-3):])
		}
	}
}
