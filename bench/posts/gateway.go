package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/apigw/local"
)

// serve runs a gateway and its clients until its input is closed. It says its
// endpoint, the IDs of its connections, and an empty line.
func serve(in io.Reader, out io.Writer, connections int) error {
	ids := make(chan string, connections)
	gateway, err := local.NewGateway(local.Config{QueuedPosts: 1 << 16, Function: local.NewFunction(
		func(_ context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
			if event.RequestContext.EventType == "CONNECT" {
				ids <- event.RequestContext.ConnectionID
			}
			return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
		})})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(listener, gateway) }() //nolint:gosec // a benchmark on loopback
	address := listener.Addr().String() + "/local"
	for range connections {
		socket, _, _, err := ws.Dial(context.Background(), "ws://"+address)
		if err != nil {
			return err
		}
		go func() { _, _ = io.Copy(io.Discard, socket) }()
	}
	fmt.Fprintln(out, "http://"+address)
	for range connections {
		fmt.Fprintln(out, <-ids)
	}
	fmt.Fprintln(out)
	_, err = io.Copy(io.Discard, in)
	return err
}
