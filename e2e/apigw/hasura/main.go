// Hasura is the Go client hasura/go-graphql-client, watched as closing.mjs watches
// the npm clients:
//
//	hasura <subprotocol> <url> <milliseconds>
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

	"github.com/hasura/go-graphql-client"
)

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

func run(subprotocol, url, milliseconds string) error {
	window, err := strconv.Atoi(milliseconds)
	if err != nil {
		return err
	}
	var seen report
	client := graphql.NewSubscriptionClient(url).
		WithProtocol(graphql.SubscriptionProtocolType(subprotocol)).
		WithWebSocketOptions(graphql.WebsocketOptions{HTTPClient: &http.Client{Transport: &seen}}).
		OnError(func(_ *graphql.SubscriptionClient, err error) error {
			seen.note(func(r *report) { r.Errors = append(r.Errors, err.Error()) })
			return nil // the client goes on, as without this hook
		})
	_, err = client.Exec("subscription { greeting }", nil, func(data []byte, err error) error {
		seen.note(func(r *report) {
			if err != nil {
				r.Errors = append(r.Errors, err.Error())
				return
			}
			r.Results = append(r.Results, string(data))
		})
		return nil
	})
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- client.Run() }()
	timer := time.NewTimer(time.Duration(window) * time.Millisecond)
	defer timer.Stop()
	select {
	case err := <-ended:
		if err != nil {
			seen.note(func(r *report) { r.Errors = append(r.Errors, err.Error()) })
		}
		<-timer.C
	case <-timer.C:
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	return json.NewEncoder(os.Stdout).Encode(&seen)
}
