//go:build e2e

package apigw

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// patience is how long anything here may take before it counts as stuck.
const patience = 3 * time.Minute

// setup is what differs between tests.
type setup struct {
	hooks core.Hooks
	// after runs when the engine has handled a message.
	after func(ctx context.Context, engine *core.Engine, message ports.Message) error
	// pusher wraps the one under test.
	pusher func(ports.Pusher) ports.Pusher
}

// start runs the engine behind the local gateway and returns the clients' URL.
func start(t *testing.T, s setup) string {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	stage := "//" + server.Listener.Addr().String() + "/local"
	pusher, err := apigw.NewPusher(apigw.PusherConfig{
		Region:      "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
		Endpoint:    "http:" + stage,
	})
	if err != nil {
		t.Fatal(err)
	}
	engine := newEngine(t, s, pusher)
	handler, err := apigw.NewHandler(apigw.HandlerConfig{Engine: &watched{Engine: engine, after: s.after}})
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := local.NewGateway(local.Config{Function: handler})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = gateway
	server.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := gateway.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		server.Close()
	})
	return "ws:" + stage
}

func newEngine(t *testing.T, s setup, pusher ports.Pusher) *core.Engine {
	t.Helper()
	if pusher == nil {
		pusher = must.Make(memory.NewPusher(memory.PusherConfig{}))
	}
	if s.pusher != nil {
		pusher = s.pusher(pusher)
	}
	store := must.Make(memory.New(memory.Config{})).Store
	engine, err := core.New(core.Config{
		Schema: schema(t), Store: store, Bus: must.Make(memory.New(memory.Config{})).Bus,
		Pusher: pusher, Hooks: s.hooks, ReorderWindow: 10 * time.Millisecond, InitTimeout: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// watched is an engine with something after each message.
type watched struct {
	*core.Engine
	after func(ctx context.Context, engine *core.Engine, message ports.Message) error
}

// Receive lets the engine handle the message first.
func (w *watched) Receive(ctx context.Context, message ports.Message) error {
	if err := w.Engine.Receive(ctx, message); err != nil || w.after == nil {
		return err
	}
	return w.after(ctx, w.Engine, message)
}

// Take is Receive for the long-lived server.
func (w *watched) Take(message ports.Message) func(context.Context) error {
	handle := w.Engine.Take(message)
	return func(ctx context.Context) error {
		if err := handle(ctx); err != nil || w.after == nil {
			return err
		}
		return w.after(ctx, w.Engine, message)
	}
}

// schema has a subscription that greets at once.
func schema(t *testing.T) *graphqlgo.Schema {
	t.Helper()
	greeting := &graphql.Field{
		Type: graphql.String,
		Subscribe: func(p graphql.ResolveParams) (any, error) {
			return core.NewTopic[string]("greeting").Subscribe(p.Context, core.Initial(func(context.Context) (any, error) { return "hello", nil }))
		},
		Resolve: func(p graphql.ResolveParams) (any, error) {
			return core.NewTopic[string]("greeting").Payload(p.Context)
		},
	}
	field := func(name string, field *graphql.Field) *graphql.Object {
		return graphql.NewObject(graphql.ObjectConfig{Name: name, Fields: graphql.Fields{"greeting": field}})
	}
	built, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query:        field("Query", &graphql.Field{Type: graphql.String}),
		Subscription: field("Subscription", greeting),
	})
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// client is one that closing.mjs watches.
type client struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	// Eager is a user who retries whatever the error was.
	Eager bool  `json:"eager"`
	Until until `json:"until"`
	// Window is how many milliseconds the client is watched after Until.
	Window int64 `json:"window"`
}

// until is what a client has to have done: opened sockets, received results and
// errors or, without any of these, lost its first socket.
type until struct {
	Sockets int `json:"sockets"`
	Results int `json:"results"`
	Errors  int `json:"errors"`
}

// report is what closing.mjs says of a client.
type report struct {
	Sockets         int
	Codes           []int
	Results, Errors []string
}

// watch runs clients beside each other in one process, each for as long as window
// unless it says otherwise, and then the check of each as a subtest.
func watch(t *testing.T, clients map[string]client, check func(t *testing.T, got report)) {
	t.Helper()
	names := slices.Sorted(maps.Keys(clients))
	list := make([]client, len(names))
	for i, name := range names {
		list[i] = clients[name]
		if list[i].Window == 0 {
			list[i].Window = window.Milliseconds()
		}
	}
	reports, err := closing(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			got := reports[i]
			t.Logf("%d sockets, codes %v, %d results, errors %q", got.Sockets, got.Codes[:min(len(got.Codes), 5)], len(got.Results), got.Errors)
			check(t, got)
		})
	}
}

// closing runs closing.mjs, and returns the reports of the clients in their order.
func closing(ctx context.Context, clients []client) ([]report, error) {
	argument, err := json.Marshal(clients)
	if err != nil {
		return nil, err
	}
	var reports []report
	if err := node(ctx, &reports, "closing.mjs", string(argument)); err != nil {
		return nil, err
	}
	if len(reports) != len(clients) {
		return nil, fmt.Errorf("%d reports of %d clients", len(reports), len(clients))
	}
	return reports, nil
}

// node runs one of the programs in clients and decodes the line of JSON that it
// prints.
func node(ctx context.Context, result any, script string, args ...string) error {
	if _, err := exec.LookPath("node"); err != nil {
		return errors.New("Node.js 20 or later is missing; on Debian: apt-get install nodejs npm")
	}
	if _, err := os.Stat("clients/node_modules/.package-lock.json"); err != nil {
		return errors.New("the clients are not installed; run `npm ci` in e2e/apigw/clients")
	}
	return run(ctx, result, "node", append([]string{script}, args...)...)
}

// run runs a program in clients and decodes the line of JSON that it prints.
func run(ctx context.Context, result any, program string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = "clients"
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s%s", program, errors.Join(err, ctx.Err()), &stdout, &stderr)
	}
	if err := json.Unmarshal(stdout.Bytes(), result); err != nil {
		return fmt.Errorf("%s printed no result: %w\n%s%s", program, err, &stdout, &stderr)
	}
	return nil
}
