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

// TestGatewaysThatAreKilled: under load, gateways are killed in turn. Clients of
// the other lose nothing; those that come back get everything that was published
// once their subscription was in place; nothing of the dead stays in Redis. It
// prints how long things took.
func TestGatewaysThatAreKilled(t *testing.T) {
	f := startFleet(t, 2)
	c := f.connect(t)
	stop := f.keepPublishing(t, f.size.eventful)
	var table strings.Builder
	for i := range f.size.kills {
		// Some are back, under their names, before they are missed.
		row := c.kill(t, i%2, i%3 == 1)
		fmt.Fprintf(&table, "\n| %d%s |", i+1, row)
	}
	stop()
	c.awaitEvents(t)
	t.Logf("\n| kill | started again | found dead after | nothing left after | longest wait for an event: topics whose worker changed | other topics | "+
		"clients back after (50 %%, 100 %%) | events missed (50 %%, 100 %%) | repeats |\n|---|---|--:|--:|--:|--:|--:|--:|--:|%s", &table)
}

// slack is how much longer than a lease an event may take on a busy machine. It is less
// than DrainTimeout, which is long where the machine may do much else.
func (t times) slack() time.Duration { return t.DrainTimeout * 4 / 5 }

// kill kills a gateway and starts it again: at once, or when nothing is left of
// it. It returns a row of the table.
func (c *crowd) kill(t *testing.T, slot int, atOnce bool) string {
	t.Helper()
	f := c.fleet
	c.balance(t)
	c.awaitEvents(t)
	eventually(t, c, func() string {
		return missing(len(c.clients)-f.writtenDown(t), "connections are not written down")
	})
	c.begin()
	victim := f.member(t, f.gateway(slot).name)
	leases, began := f.tokens(t), time.Now()
	f.gateway(slot).end(t, syscall.SIGKILL)
	if atOnce {
		f.start(t, slot)
	}
	noticed, reaped := c.awaitReaped(t, victim, began)
	c.awaitEvents(t)
	taken := f.tokens(t)
	changed, others := c.stalls(slot, func(topic *topic) bool { return leases[topic.tokenKey()] != taken[topic.tokenKey()] })
	if most := f.size.times.LeaseTTL + f.size.times.slack(); max(changed, others) > most {
		t.Errorf("events took %v where the worker changed and %v elsewhere, want at most %v", changed, others, most)
	}
	when := "at once"
	if !atOnce {
		when = "at the end"
		f.start(t, slot)
	}
	sum := c.total(everybody)
	return fmt.Sprintf(" | %s | %s | %s | %s | %s | %s, %s | %d, %d | %d of %d", when, seconds(noticed), seconds(reaped),
		seconds(changed), seconds(others), seconds(percentile(sum.away, 50)), seconds(percentile(sum.away, 100)),
		percentile(sum.missed, 50), percentile(sum.missed, 100), sum.repeats, sum.deliveries)
}

// awaitReaped returns when nothing is left in Redis of a process that was killed.
// It says how long after that it was found dead, and how long it took in all.
func (c *crowd) awaitReaped(t *testing.T, victim string, killed time.Time) (noticed, reaped time.Duration) {
	t.Helper()
	f := c.fleet
	eventually(t, c, func() string {
		alive, dead := f.members(t)
		if noticed == 0 && !slices.Contains(alive, victim) {
			noticed = time.Since(killed)
		}
		if slices.Contains(alive, victim) || slices.Contains(dead, victim) {
			return victim + " is not reaped"
		}
		if rows := f.subscriptions(t); rows != len(c.clients) {
			return fmt.Sprintf("%d subscriptions in Redis, want %d", rows, len(c.clients))
		}
		return ""
	})
	reaped = time.Since(killed)
	c.awaitPlaces(t)
	eventually(t, c, func() string {
		left := 0
		for _, n := range f.connections(t) {
			left += n
		}
		return missing(left-len(c.clients), "connections too many are in Redis")
	})
	if written := f.keys(t, "fanql:{g:"+victim+"}:connections"); len(written) > 0 {
		t.Errorf("%q are left of a process that was reaped", written)
	}
	return noticed, reaped
}

// stalls are the longest times that an event took to a client of the gateway that
// was not killed: on the topics that were its worker's, and on others.
func (c *crowd) stalls(killed int, taken func(*topic) bool) (own, others time.Duration) {
	longest := func(wanted bool) time.Duration {
		return percentile(c.total(func(one *client) bool { return one.slot != killed && taken(one.topic) == wanted }).latencies, 100)
	}
	return longest(true), longest(false)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
