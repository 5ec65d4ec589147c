// Goclients are the Go clients hasura/go-graphql-client, in both of its modes, and
// Khan/genqlient, watched as closing.mjs watches the npm clients:
//
//	goclients hasura|hasura-legacy|genqlient <url> <milliseconds>
//
// It subscribes, and prints one line of JSON: how many sockets it opened, the
// results and the errors that its user got. It exits with 2 when the client panics.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

const query = "subscription { greeting }"

// report is what a user of the client sees, and how many sockets it took.
type report struct {
	mu      sync.Mutex
	Sockets int      `json:"sockets"`
	Results []string `json:"results"`
	Errors  []string `json:"errors"`
}

func (r *report) note(change func(*report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

// received notes a result or an error.
func (r *report) received(result string, err error) {
	r.note(func(r *report) {
		if err != nil {
			r.Errors = append(r.Errors, err.Error())
			return
		}
		r.Results = append(r.Results, result)
	})
}

// RoundTrip implements http.RoundTripper: each handshake is a socket.
func (r *report) RoundTrip(request *http.Request) (*http.Response, error) {
	r.note(func(r *report) { r.Sockets++ })
	return http.DefaultTransport.RoundTrip(request)
}

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(name, url, milliseconds string) error {
	window, err := strconv.Atoi(milliseconds)
	if err != nil {
		return err
	}
	client, ok := map[string]func(url string, seen *report) error{
		"hasura":        func(url string, seen *report) error { return hasura("graphql-ws", url, seen) },
		"hasura-legacy": func(url string, seen *report) error { return hasura("subscriptions-transport-ws", url, seen) },
		"genqlient":     genqlient,
	}[name]
	if !ok {
		return fmt.Errorf("no client is named %q", name)
	}
	var seen report
	go func() {
		if err := client(url, &seen); err != nil {
			seen.received("", err)
		}
	}()
	time.Sleep(time.Duration(window) * time.Millisecond)
	seen.mu.Lock()
	defer seen.mu.Unlock()
	return json.NewEncoder(os.Stdout).Encode(&seen)
}
