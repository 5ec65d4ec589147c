package fanql_test

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/redis"
)

func ExampleServer() {
	schema, err := newSchema()
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := fanql.NewServer(fanql.Config{Schema: schema})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := httptest.NewRecorder()
	server.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/graphql?query={hello}", nil))
	fmt.Println(answer.Body)
	// Output: {"data":{"hello":"world"}}
}

// A client without a WebSocket subscribes with a request whose answer stays open.
func ExampleServer_Serve_streams() {
	ctx, stop := context.WithCancel(context.Background())
	schema, err := newSchema() // of a subscription that begins with a first text
	if err != nil {
		log.Fatal(err)
	}
	server, err := fanql.NewServer(fanql.Config{Schema: schema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- server.Serve(ctx, listener) }()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listener.Addr().String()+"/graphql?query=subscription{texts}", nil)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() && lines.Text() != "" { // a comment comes first
	}
	for lines.Scan() && lines.Text() != "" {
		fmt.Println(lines.Text())
	}
	_ = response.Body.Close()
	stop()
	fmt.Println(<-served)
	// Output:
	// event: next
	// data: {"data":{"texts":"first"}}
	// <nil>
}

// A server in memory, until ctx ends.
func ExampleServer_ListenAndServe_memory() {
	ctx := context.Background()
	// docs:start memory
	schema, err := newSchema()
	if err != nil {
		log.Fatal(err)
	}
	backend, err := memory.New(memory.Config{})
	if err != nil {
		log.Fatal(err)
	}
	server, err := fanql.NewServer(fanql.Config{
		Schema: schema, Backend: backend,
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := server.ListenAndServe(ctx, ":8080"); err != nil {
		log.Fatal(err)
	}
	// docs:end memory
}

// The same program as a member of a fleet: every process that has this Redis.
func ExampleServer_ListenAndServe_redis() {
	ctx := context.Background()
	// docs:start redis
	schema, err := newSchema()
	if err != nil {
		log.Fatal(err)
	}
	// docs:start client
	backend, err := redis.New(redis.Config{Client: goredis.NewClient(&goredis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})})
	// docs:end client
	if err != nil {
		log.Fatal(err)
	}
	server, err := fanql.NewServer(fanql.Config{
		Schema: schema, Backend: backend,
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := server.ListenAndServe(ctx, ":8080"); err != nil {
		log.Fatal(err)
	}
	// docs:end redis
}

// A program with a server of its own serves until Run has returned.
func ExampleServer_Run() {
	var (
		ctx    = context.Background()
		server *fanql.Server
	)
	// docs:start run
	mux := http.NewServeMux()
	mux.Handle("/graphql", server.Handler())
	mux.Handle("/readyz", server.Handler())
	own := &http.Server{Addr: ":8080", Handler: mux}
	ctx, end := context.WithCancelCause(ctx)
	go func() { end(own.ListenAndServe()) }() // if its port is in use, Run ends too
	err := server.Run(ctx)
	log.Println(context.Cause(ctx), err, own.Shutdown(context.WithoutCancel(ctx)))
	// docs:end run
}

// A public and an internal port are two listeners of one server: a second server on the
// same backend in memory is refused.
func ExampleServer_Handler_listeners() {
	ctx := context.Background()
	schema, err := newSchema()
	if err != nil {
		log.Fatal(err)
	}
	// docs:start listeners
	server, err := fanql.NewServer(fanql.Config{Schema: schema})
	if err != nil {
		log.Fatal(err)
	}
	internal := &http.Server{Addr: "localhost:8081", Handler: server.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { log.Print(internal.ListenAndServe()) }()
	log.Print(server.ListenAndServe(ctx, ":8080"), internal.Shutdown(context.WithoutCancel(ctx)))
	// docs:end listeners
}

// What the process does, for operators: on an address of its own, never a public one.
func ExampleServer_Debug_page() {
	ctx := context.Background()
	schema, err := newSchema()
	if err != nil {
		log.Fatal(err)
	}
	// docs:start debug
	server, err := fanql.NewServer(fanql.Config{Schema: schema, Debug: true})
	if err != nil {
		log.Fatal(err)
	}
	page := &http.Server{Addr: "localhost:6060", Handler: server.Debug(), ReadHeaderTimeout: 5 * time.Second}
	go func() { log.Print(page.ListenAndServe()) }()
	if err := server.ListenAndServe(ctx, ":8080"); err != nil {
		log.Fatal(err)
	}
	// docs:end debug
}

// Prometheus reads the same.
func ExampleServer_Debug() {
	schema, err := newSchema()
	if err != nil {
		log.Fatal(err)
	}
	server, err := fanql.NewServer(fanql.Config{Schema: schema, Debug: true})
	if err != nil {
		log.Fatal(err)
	}
	answer := httptest.NewRecorder()
	server.Debug().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/debug/fanql?format=prometheus", nil))
	for line := range strings.Lines(answer.Body.String()) {
		if strings.HasPrefix(line, "fanql_socket_count") {
			fmt.Print(line)
		}
	}
	// Output: fanql_socket_count 0
}
