package fanql_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

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
	server, err := fanql.NewServer(fanql.Config{Schema: schema, Backend: backend})
	if err != nil {
		log.Fatal(err)
	}
	log.Print(server.ListenAndServe(ctx, ":8080"))
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
	backend, err := redis.New(redis.Config{Client: goredis.NewClient(&goredis.Options{Addr: "localhost:6379"})})
	if err != nil {
		log.Fatal(err)
	}
	server, err := fanql.NewServer(fanql.Config{Schema: schema, Backend: backend})
	if err != nil {
		log.Fatal(err)
	}
	log.Print(server.ListenAndServe(ctx, ":8080"))
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
	go func() { log.Print(own.ListenAndServe()) }()
	err := server.Run(ctx)
	log.Print(err, own.Shutdown(context.WithoutCancel(ctx)))
	// docs:end run
}
