//go:build e2e

package notices

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/e2e/internal/program"
	"github.com/fanql/fanql/examples/notices"
	"github.com/fanql/fanql/internal/redislocal"
	"github.com/fanql/fanql/ports"
)

// TestPage: what a job publishes reaches the page's three clients, also what it published
// while the server was away, and a component that has gone leaves no subscription.
func TestPage(t *testing.T) {
	buildPage(t)
	cache, err := redislocal.Start(t.Context(), redislocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cache.Stop)
	auth := notices.Auth{Key: []byte("a key of the tests")}
	t.Setenv("NOTICES_KEY", string(auth.Key))
	token, err := auth.Issue(notices.User{Name: "ada", Tenant: "acme"}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	cron := program.Build(t, "examples/notices/cron")
	publish := func(tenant, text string) {
		t.Helper()
		job := exec.CommandContext(t.Context(), cron, "-redis", cache.Addr(), "-tenant", tenant, "-id", text, "-text", text)
		if output, err := job.CombinedOutput(); err != nil {
			t.Fatalf("the job failed: %v\n%s", err, output)
		}
	}
	binary := program.Build(t, "examples/notices/server", "-race")
	server := program.Run(t, binary, "-addr", "127.0.0.1:0", "-redis", cache.Addr())
	subscribed := counter(t, cache)
	page := openPage(t, server.Base+"/#"+token)

	subscribed(3)
	publish("globex", "not for acme")
	publish("acme", "first")
	page.shows(t, command{Shown: "first"}, "first")

	server.Stop()
	publish("acme", "missed")
	program.Run(t, binary, "-addr", strings.TrimPrefix(server.Base, "http://"), "-redis", cache.Addr())
	page.shows(t, command{Shown: "missed"}, "first", "missed")

	page.do(t, command{Press: "hide"})
	subscribed(0)
	page.do(t, command{Press: "show"})
	subscribed(3)
	publish("acme", "last")
	page.shows(t, command{Shown: "last"}, "last")
}

// buildPage compiles the page, by Relay's compiler and TypeScript's.
func buildPage(t *testing.T) {
	t.Helper()
	program.Require(t, "npm", "npm is missing; on Debian: apt-get install nodejs npm")
	folder := filepath.Join("..", "..", "examples", "notices", "react")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json")); err != nil {
		t.Fatal("the page's packages are not installed; run `npm ci` in examples/notices/react, or `make e2e`")
	}
	build := exec.CommandContext(t.Context(), "npm", "run", "build")
	build.Dir = folder
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the page: %v\n%s", err, output)
	}
}

// counter waits until the board of the page has so many subscriptions.
func counter(t *testing.T, cache *redislocal.Server) func(want int) {
	t.Helper()
	client := cache.Client()
	t.Cleanup(func() { _ = client.Close() })
	store, err := redis.New(redis.Config{Client: client})
	if err != nil {
		t.Fatal(err)
	}
	topic := ports.Topic(notices.Board("acme", "news").Name())
	return func(want int) {
		t.Helper()
		for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			listed, err := store.ListSubscribers(t.Context(), topic, ports.PageRequest{Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			if len(listed.Subscribers) == want {
				return
			}
			if time.Since(began) > program.Patience {
				t.Fatalf("%d subscriptions, want %d", len(listed.Subscribers), want)
			}
		}
	}
}

// command is one for e2e/clients/notices.mjs.
type command struct {
	Shown string `json:"shown,omitempty"`
	Press string `json:"press,omitempty"`
}

// page is an open page.
type page struct {
	input *json.Encoder
	lines *bufio.Scanner
}

// openPage opens a link in a browser, until the end of the test.
func openPage(t *testing.T, link string) *page {
	t.Helper()
	node := program.Require(t, "node", "Node.js 20.19 or later is missing; on Debian: apt-get install nodejs npm")
	chromium := program.Require(t, "chromium", "Chromium is missing; on Debian: apt-get install chromium")
	screenshots, err := filepath.Abs("../../bin/e2e")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*program.Patience)
	script := exec.CommandContext(ctx, node, "notices.mjs", link, chromium, screenshots)
	script.Dir, script.Stderr = filepath.Join("..", "clients"), t.Output()
	script.Cancel = func() error { return script.Process.Signal(syscall.SIGTERM) } // takes its browser along
	script.WaitDelay = 10 * time.Second
	input, err := script.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := script.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := script.Start(); err != nil {
		t.Fatal(err)
	}
	p := &page{json.NewEncoder(input), bufio.NewScanner(output)}
	t.Cleanup(func() {
		defer cancel()
		p.end(t, input)
		if err := script.Wait(); err != nil {
			t.Errorf("the page ended with %v", err)
		}
	})
	return p
}

// end closes the page, which must have had no problems but that its server was away.
func (p *page) end(t *testing.T, input io.Closer) {
	t.Helper()
	_ = input.Close()
	var last struct{ Problems []string }
	if p.lines.Scan() {
		if err := json.Unmarshal(p.lines.Bytes(), &last); err != nil {
			t.Error(err)
		}
	}
	if last.Problems == nil {
		t.Error("the page has not ended")
	}
	for _, problem := range last.Problems {
		if !strings.HasPrefix(problem, "WebSocket connection to") { // refused while the server was away
			t.Errorf("the page has the problem %q", problem)
		}
	}
}

// do has the page do something, and returns the notices that each client shows then.
func (p *page) do(t *testing.T, c command) map[string][]string {
	t.Helper()
	if err := p.input.Encode(c); err != nil {
		t.Fatal(err)
	}
	if !p.lines.Scan() {
		t.Fatalf("the page has ended: %v", p.lines.Err())
	}
	var shown map[string][]string
	if err := json.Unmarshal(p.lines.Bytes(), &shown); err != nil {
		t.Fatal(err)
	}
	return shown
}

// shows does something, and expects each client to show these notices then.
func (p *page) shows(t *testing.T, c command, want ...string) {
	t.Helper()
	if got := p.do(t, c); !reflect.DeepEqual(got, map[string][]string{"Apollo": want, "Urql": want, "Relay": want}) {
		t.Errorf("the clients show %q, want %q each", got, want)
	}
}
