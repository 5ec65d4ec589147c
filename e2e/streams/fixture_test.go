//go:build e2e

package streams

import (
	"bufio"
	"context"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/e2e/internal/program"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// server is a server that can be started again at its address.
type server struct {
	t       *testing.T
	topic   core.Topic[string]
	backend ports.Backend // outlives the server
	address string
	running *fanql.Server
	stop    func()
}

func serve(t *testing.T, options ...core.TopicOption) *server {
	s := &server{
		t: t, topic: core.NewTopic[string]("texts", options...), address: "127.0.0.1:0",
		backend: must.Make(memory.New(memory.Config{})),
	}
	s.begin()
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *server) url() string { return "http://" + s.address + "/graphql" }

func (s *server) begin() {
	s.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = listener.Addr().String()
	s.running, err = fanql.NewServer(fanql.Config{
		Schema: s.schema(), Backend: s.backend, Core: func(c *core.Config) { c.EventExtensions = true },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.running.Serve(ctx, listener) }()
	s.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("the server ended with %v", err)
		}
	}
}

func (s *server) restart() {
	s.t.Helper()
	s.stop()
	s.begin()
}

// away is a restart, with events that are published while nobody serves.
func (s *server) away(texts ...string) {
	s.t.Helper()
	s.stop()
	s.publish(texts...)
	s.begin()
}

func (s *server) publish(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if err := s.running.Engine().Publish(s.t.Context(), s.topic.Event(text)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// end ends every subscription.
func (s *server) end() {
	s.t.Helper()
	if err := s.running.Engine().Publish(s.t.Context(), s.topic.End()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) schema() *graphqlgo.Schema {
	s.t.Helper()
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"hello": {Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) { return "world", nil }},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"texts": {
				Type: graphql.String,
				Subscribe: func(p graphql.ResolveParams) (any, error) {
					return s.topic.Subscribe(p.Context, core.Initial(func(context.Context) (any, error) { return "first", nil }))
				},
				Resolve: func(p graphql.ResolveParams) (any, error) { return s.topic.Payload(p.Context) },
			},
		}}),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return schema
}

// client is one that runs in Node.js.
type client struct {
	t     *testing.T
	input io.Writer
	lines <-chan string
}

// run starts streams.mjs with a client. It ends with the test.
func run(t *testing.T, name, url string) *client {
	t.Helper()
	program.Require(t, "node", "Node.js 20 or later is missing; on Debian: apt-get install nodejs npm")
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	node := exec.CommandContext(ctx, "node", "streams.mjs", name, url)
	node.Dir = filepath.Join("..", "clients")
	node.Stderr = t.Output()
	input, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 100)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		_ = input.Close() // at which it ends
		stuck := time.AfterFunc(program.Patience, cancel)
		defer stuck.Stop()
		<-read
		if err := node.Wait(); err != nil {
			t.Errorf("%s ended with %v", name, err)
		}
		cancel()
	})
	return &client{t, input, lines}
}

// start has the client start an operation.
func (c *client) start(query string) {
	c.t.Helper()
	if _, err := io.WriteString(c.input, query+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

// next is what the client reports next.
func (c *client) next() string {
	c.t.Helper()
	select {
	case line, ok := <-c.lines:
		if !ok {
			c.t.Fatal("the client has ended")
		}
		return line
	case <-time.After(program.Patience):
		c.t.Fatal("the client reports nothing")
		return ""
	}
}

func (c *client) want(want string) {
	c.t.Helper()
	if got := c.next(); got != want {
		c.t.Fatalf("the client reports %s, want %s", got, want)
	}
}
