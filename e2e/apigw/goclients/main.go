// Goclients are the Go clients hasura/go-graphql-client, in both of its modes, and
// Khan/genqlient, watched as closing.mjs watches the npm clients:
//
//	goclients hasura|hasura-legacy|genqlient <url> <milliseconds> <until>
//
// The client subscribes, and is watched until it has opened until.sockets sockets and received
// until.results results and until.errors errors, and then for the milliseconds, but no longer
// than it runs: a client that gives up ends. Then the program prints one line of JSON: how many
// sockets the client opened, the results and the errors that its user got. It exits with 2 when
// the client panics.
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

// A client that does not get as far as until within patience is reported as it is.
const patience = 45 * time.Second

// report is what a user of the client sees, and how many sockets it took.
type report struct {
	mu      sync.Mutex
	changed chan struct{} // has room for one
	Sockets int           `json:"sockets"`
	Results []string      `json:"results"`
	Errors  []string      `json:"errors"`
}

func (r *report) note(change func(*report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// until is what a client has to have done: to have opened one socket, at least.
type until struct{ Sockets, Results, Errors int }

func (r *report) reached(u until) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Sockets >= max(u.Sockets, 1) && len(r.Results) >= u.Results && len(r.Errors) >= u.Errors
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
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(name, url, milliseconds, condition string) error {
	window, err := strconv.Atoi(milliseconds)
	if err != nil {
		return err
	}
	var first until
	if err := json.Unmarshal([]byte(condition), &first); err != nil {
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
	seen := &report{changed: make(chan struct{}, 1)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := client(url, seen); err != nil {
			seen.received("", err)
		}
	}()
	watch(seen, first, ended, time.Duration(window)*time.Millisecond)
	seen.mu.Lock()
	defer seen.mu.Unlock()
	return json.NewEncoder(os.Stdout).Encode(seen)
}

// watch returns when the client has been watched.
func watch(seen *report, first until, ended <-chan struct{}, window time.Duration) {
	stuck := time.After(patience)
	for !seen.reached(first) {
		select {
		case <-seen.changed:
		case <-ended:
			return
		case <-stuck:
			return
		}
	}
	select {
	case <-time.After(window):
	case <-ended:
	}
}
