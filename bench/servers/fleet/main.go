// Fleet is processes of this project on one Redis: gateways, each with the engine,
// adapters/redis and adapters/websocket, and the process that starts them, which
// publishes as a program without sockets does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
)

// settings are what a fleet is started with.
type settings struct {
	Gateways, Topics int
	// Name and Redis are those of a gateway; the process that starts gateways has none.
	Name, Redis string
}

func main() {
	var s settings
	flag.IntVar(&s.Gateways, "gateways", 1, "how many processes have sockets")
	flag.IntVar(&s.Topics, "topics", 1, "how many topics the events are spread over")
	gateway := flag.String("gateway", "", "be a gateway, with these settings")
	flag.Parse()
	run := startFleet
	if *gateway != "" {
		run = serveGateway
		if err := json.Unmarshal([]byte(*gateway), &s); err != nil {
			run = func(context.Context, settings) error { return errors.Join(errors.New("-gateway"), err) }
		}
	}
	if err := run(context.Background(), s); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}
