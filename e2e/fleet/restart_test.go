//go:build e2e

package fleet

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestRollingRestart: under load, gateways are stopped in turn and started again.
// Each asks its clients to come back, and leaves nothing in Redis. Clients of the
// other lose nothing; those that come back get everything that was published once
// their subscription was in place. It prints how long things took.
func TestRollingRestart(t *testing.T) {
	f := startFleet(t, 2)
	c := f.connect(t)
	stop := f.keepPublishing(t, f.size.eventful)
	var table strings.Builder
	for slot := range f.gateways {
		fmt.Fprintf(&table, "\n| %d%s |", slot+1, c.restart(t, slot))
	}
	stop()
	c.awaitEvents(t)
	t.Logf("\n| restart | stopped after | longest wait for an event | clients asked back with 1001 | back after (50 %%, 100 %%) | "+
		"events missed (50 %%, 100 %%) | repeats |\n|---|--:|--:|--:|--:|--:|--:|%s", &table)
}

// restart stops a gateway and starts it again. It returns a row of the table.
func (c *crowd) restart(t *testing.T, slot int) string {
	t.Helper()
	f := c.fleet
	c.balance(t)
	c.awaitEvents(t)
	c.begin()
	g, began := f.gateway(slot), time.Now()
	clients := len(c.clients) - c.waiting(func(one *client) bool { return one.gateway == g })
	g.end(t, syscall.SIGTERM)
	stopped := time.Since(began)
	alive, dead := f.members(t)
	if slices.ContainsFunc(alive, func(member string) bool { return belongs(member, g.name) }) || len(dead) > 0 {
		t.Errorf("members are %q, and dead are %q, after %s has stopped", alive, dead, g.name)
	}
	if n := f.connections(t)[g.name]; n > 0 {
		t.Errorf("%s has left %d connections behind", g.name, n)
	}
	c.awaitPlaces(t)
	c.awaitEvents(t)
	if n := f.subscriptions(t); n != len(c.clients) {
		t.Errorf("%d subscriptions in Redis, want %d", n, len(c.clients))
	}
	f.start(t, slot)
	sum := c.total(everybody)
	// What the worker had under way is done, not cut short by its DrainTimeout.
	longest := percentile(sum.latencies, 100)
	if most := f.size.times.slack(); longest > most {
		t.Errorf("an event took %v, want at most %v", longest, most)
	}
	if sum.asked != clients {
		t.Errorf("%d of %d clients of %s were asked back", sum.asked, clients, g.name)
	}
	return fmt.Sprintf(" | %s | %s | %d of %d | %s, %s | %d, %d | %d of %d", seconds(stopped), seconds(longest),
		sum.asked, clients, seconds(percentile(sum.away, 50)), seconds(percentile(sum.away, 100)),
		percentile(sum.missed, 50), percentile(sum.missed, 100), sum.repeats, sum.deliveries)
}
