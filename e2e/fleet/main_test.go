//go:build e2e

package fleet

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"
)

var full = flag.Bool("fleet.full", false, "the size of docs/fleet.md, and the default times")

// gatewayVariable holds the configuration of a gateway; this program is one where
// it is set.
const gatewayVariable = "FANQL_E2E_GATEWAY"

func TestMain(m *testing.M) {
	if configuration := os.Getenv(gatewayVariable); configuration != "" {
		if err := serveGateway(configuration); err != nil {
			fmt.Fprintln(os.Stderr, "gateway:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// size is how much the tests do.
type size struct {
	clients, topics int
	// events and rounds are of the load, rate what is published a second, for
	// steady, where latency is measured.
	events, rounds, rate int
	steady               time.Duration
	// kills is how many gateways are killed, at eventful events a second.
	kills, eventful int
	times           times
}

func sizes() size {
	if *full {
		return size{clients: 2_000, topics: 100, events: 30_000, rounds: 3, rate: 250, steady: 5 * time.Second, kills: 6, eventful: 500,
			times: times{Heartbeat: 2 * time.Second, DeadAfter: 6 * time.Second, LeaseTTL: 10 * time.Second, DrainTimeout: 10 * time.Second}}
	}
	return size{clients: 200, topics: 20, events: 2_000, rounds: 1, rate: 50, steady: time.Second, kills: 2, eventful: 100,
		times: times{Heartbeat: 500 * time.Millisecond, DeadAfter: 3 * time.Second, LeaseTTL: 3 * time.Second, DrainTimeout: time.Minute}}
}
