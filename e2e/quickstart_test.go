//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/e2e/internal/program"
)

// The client of docs/quickstart.md runs on the Node.js that the README names. It hears
// of the subscription of that page, here on a free port.
func TestQuickstartClient(t *testing.T) {
	t.Parallel()
	server, address := serveMessages(t)
	testClient(t, "quickstart.mjs", "ws://"+address+"/graphql", func(ctx context.Context) error {
		return server.Engine().Publish(ctx, core.NewTopic[string]("messages").Event("hello world"))
	})
}

// The client of docs/deploying.md, which is for the chat.
func TestDeployingClient(t *testing.T) {
	t.Parallel()
	chat := program.Start(t, "examples/chat", "-addr", "127.0.0.1:0")
	testClient(t, "deploying.mjs", "ws"+strings.TrimPrefix(chat.Base, "http")+"/graphql", func(ctx context.Context) error {
		return program.Publish(ctx, chat.Base, "go", "hello world")
	})
}

// testClient runs a script until it has printed "hello world", which is published again
// and again, as the client subscribes when it likes.
func testClient(t *testing.T, script, url string, publish func(context.Context) error) {
	t.Helper()
	node := program.Require(t, "node", "Node.js 20.19 or later is missing; on Debian: apt-get install nodejs npm")
	client := exec.CommandContext(t.Context(), node, script, url)
	client.Dir, client.Stderr = "clients", t.Output()
	output, err := client.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Process.Signal(os.Interrupt)
		_ = client.Wait()
	})
	heard := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(output)
		lines.Scan()
		heard <- lines.Text()
	}()
	stuck := time.After(program.Patience)
	for {
		if err := publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-heard:
			if !strings.Contains(got, "hello world") {
				t.Errorf("the client printed %q", got)
			}
			return
		case <-stuck:
			t.Fatal("the client printed nothing")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// serveMessages serves the subscription of the quickstart, until the end of the test.
func serveMessages(t *testing.T) (server *fanql.Server, address string) {
	t.Helper()
	messages := core.NewTopic[string]("messages")
	message := graphql.NewObject(graphql.ObjectConfig{Name: "Message", Fields: graphql.Fields{
		"text": {Type: graphql.String, Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil }},
	}})
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"hello": {Type: graphql.String}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"messages": {
			Type:      message,
			Subscribe: func(p graphql.ResolveParams) (any, error) { return messages.Subscribe(p.Context) },
			Resolve:   func(p graphql.ResolveParams) (any, error) { return messages.Payload(p.Context) },
		}}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if server, err = fanql.NewServer(fanql.Config{Schema: schema}); err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return server, listener.Addr().String()
}
