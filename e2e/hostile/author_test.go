//go:build e2e

package hostile

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// authors are two hostile clients that send documents which nobody has sent before,
// all of them costly.
func authors() []kind {
	return []kind{
		{"documents over a socket", 1, (*attacker).writeToSocket},
		{"documents over HTTP", 1, (*attacker).writeToHTTP},
	}
}

// writeToSocket sends as fast as the server reads.
func (a *attacker) writeToSocket(ctx context.Context) error {
	all, err := requests()
	if err != nil {
		return err
	}
	return a.floodReady(ctx, func(s *socket, n int) error {
		return s.request(fmt.Sprint(n), fmt.Sprint(all[n%len(all)], time.Now().UnixNano(), end))
	})
}

// writeToHTTP has eight requests at a time.
func (a *attacker) writeToHTTP(ctx context.Context) error {
	all, err := requests()
	if err != nil {
		return err
	}
	client := httpClient(a.machine)
	defer client.CloseIdleConnections()
	var writing sync.WaitGroup
	for writer := range 8 {
		writing.Go(func() {
			_ = a.flood(func(n int) error {
				_, _, err := post(ctx, client, a.address, fmt.Sprint(all[(writer+n)%len(all)], writer, time.Now().UnixNano(), end))
				return err
			})
		})
	}
	writing.Wait()
	return ctx.Err()
}

func httpClient(machine int) *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{
		MaxIdleConnsPerHost: 8,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return dial(ctx, machine, address)
		},
	}}
}

// post sends a request over HTTP and returns the status and the body of its answer.
func post(ctx context.Context, client *http.Client, address, request string) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/graphql", strings.NewReader(request))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	response, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}
