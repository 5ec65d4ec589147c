// Centrifuge is a server of github.com/centrifugal/centrifuge, with its defaults: what it
// publishes goes to all subscribers of one channel as it is. It knows no GraphQL and
// executes nothing, so that it shows what a bare broadcast over WebSockets costs.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/centrifugal/centrifuge"

	"github.com/fanql/fanql/bench/internal/peer"
)

// channel is what all clients subscribe to.
const channel = "message"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "centrifuge:", err)
		os.Exit(1)
	}
}

func run() error {
	node, err := newNode()
	if err != nil {
		return err
	}
	sockets := centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		CheckOrigin: func(*http.Request) bool { return true },
	})
	return peer.Serve(sockets, func(published ...peer.Message) error {
		for _, message := range published {
			data, err := json.Marshal(message)
			if err != nil {
				return err
			}
			if _, err := node.Publish(channel, data); err != nil {
				return err
			}
		}
		return nil
	})
}

// newNode returns a node that runs, whose clients may subscribe and publish.
func newNode() (*centrifuge.Node, error) {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return nil, err
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
			reply(centrifuge.SubscribeReply{}, nil)
		})
		client.OnPublish(func(_ centrifuge.PublishEvent, reply centrifuge.PublishCallback) {
			reply(centrifuge.PublishReply{}, nil) // the node publishes what was received
		})
	})
	return node, node.Run()
}
