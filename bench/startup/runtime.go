package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os/exec"
	"time"
)

// patience is how long a program may take before it counts as stuck.
const patience = 10 * time.Second

var errNeverAsked = errors.New("it never asked for an invocation")

// startOnce starts a program as Lambda does and returns how long it took to ask
// for its first invocation. Then it is killed.
func startOnce(ctx context.Context, binary string) (time.Duration, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	asked := make(chan time.Time, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(_ http.ResponseWriter, r *http.Request) {
		asked <- time.Now()
		<-r.Context().Done() // there is no invocation
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends with Close
	}()
	defer func() {
		_ = server.Close()
		<-served
	}()
	return timeStart(ctx, binary, listener.Addr().String(), asked)
}

func timeStart(ctx context.Context, binary, api string, asked <-chan time.Time) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	command := exec.CommandContext(ctx, binary)
	command.Env = environment(api)
	began := time.Now()
	if err := command.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case at := <-asked:
		cancel() // kills it
		<-ended  //nolint:errcheck // with an error, therefore
		return at.Sub(began), nil
	case err := <-ended:
		return 0, errors.Join(errNeverAsked, err)
	}
}

// environment is what Lambda, deploy/template.yaml and deploy/redis.yaml give to the
// functions, as far as they look at it.
func environment(api string) []string {
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + api,
		"AWS_LAMBDA_FUNCTION_NAME=function", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1024",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_SESSION_TOKEN=local",
		"FANQL_CONNECTIONS_TABLE=connections", "FANQL_SUBSCRIPTIONS_TABLE=subscriptions", "FANQL_EVENTS_TABLE=events",
		"CHAT_MESSAGES_TABLE=messages",
		"FANQL_REDIS_ADDRESSES=localhost:6379", "FANQL_DELIVERY=direct", "FANQL_ENDPOINT=https://api.example.com/live",
	}
}
