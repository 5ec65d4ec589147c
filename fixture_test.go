package fanql_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
)

// patience is how long anything may take before it counts as stuck.
const patience = 2 * time.Minute

// newSchema has one topic, to which a mutation publishes.
func newSchema() (*graphqlgo.Schema, error) {
	texts := core.NewTopic[string]("texts")
	text := graphql.FieldConfigArgument{"text": {Type: graphql.NewNonNull(graphql.String)}}
	return graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"hello": {Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) { return "world", nil }},
		}}),
		Mutation: graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: graphql.Fields{
			"send": {Type: graphql.String, Args: text, Resolve: func(p graphql.ResolveParams) (any, error) {
				return p.Args["text"], texts.Publish(p.Context, p.Args["text"].(string))
			}},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"kept": {
				Type: graphql.String,
				Subscribe: func(p graphql.ResolveParams) (any, error) {
					return core.NewTopic[string]("kept", core.Keep(10, time.Hour)).Subscribe(p.Context)
				},
				Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
			},
			"texts": {
				Type: graphql.String,
				Subscribe: func(p graphql.ResolveParams) (any, error) {
					return texts.Subscribe(p.Context, core.Initial(func(context.Context) (any, error) { return "first", nil }))
				},
				Resolve: func(p graphql.ResolveParams) (any, error) { return texts.Payload(p.Context) },
			},
		}}),
	})
}

func mustSchema(t *testing.T) *graphqlgo.Schema {
	t.Helper()
	schema, err := newSchema()
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func mustServer(t *testing.T, config fanql.Config) *fanql.Server {
	t.Helper()
	if config.Schema == nil {
		config.Schema = mustSchema(t)
	}
	server, err := fanql.NewServer(config)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// process is a server that serves.
type process struct {
	*fanql.Server
	address string
	cancel  context.CancelFunc
	ended   chan error
}

// start serves a configuration until the end of the test.
func start(t *testing.T, config fanql.Config) *process {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	p := &process{Server: mustServer(t, config), address: listener.Addr().String(), cancel: cancel, ended: make(chan error, 1)}
	go func() {
		p.ended <- p.Serve(ctx, listener)
		close(p.ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-p.ended
	})
	return p
}

// stop ends the server and returns what Serve has.
func (p *process) stop(t *testing.T) error {
	t.Helper()
	p.cancel()
	return p.end(t)
}

// end is what Serve has returned, however it came to its end.
func (p *process) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-p.ended:
		return err
	case <-time.After(patience):
		t.Fatal("the server does not end")
		return nil
	}
}

// request sends an HTTP request, and returns the status and the body of the answer.
func (p *process) request(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Close = true // no connection is left behind
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(answer))
}

func (p *process) send(t *testing.T, text string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": `mutation { send(text: "` + text + `") }`})
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := p.request(t, http.MethodPost, "/graphql", string(body)); status != http.StatusOK || strings.Contains(answer, "errors") {
		t.Fatalf("publishing: %d, %s", status, answer)
	}
}

// subscribe opens a socket, and returns once its subscription has its first text.
func (p *process) subscribe(t *testing.T) net.Conn {
	t.Helper()
	conn, _, _, err := ws.Dialer{Protocols: []string{"graphql-transport-ws"}, Timeout: patience}.Dial(t.Context(), "ws://"+p.address+"/graphql")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	write(t, conn, `{"type":"connection_init"}`)
	read(t, conn) // the ack
	write(t, conn, `{"type":"subscribe","id":"1","payload":{"query":"subscription { texts }"}}`)
	want(t, conn, "first")
	return conn
}

func write(t *testing.T, conn net.Conn, message string) {
	t.Helper()
	if err := wsutil.WriteClientText(conn, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, conn net.Conn) string {
	t.Helper()
	message, err := wsutil.ReadServerText(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(message)
}

// want reads the next result of the subscription.
func want(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if got, want := read(t, conn), `{"id":"1","type":"next","payload":{"data":{"texts":"`+text+`"}}}`; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}
