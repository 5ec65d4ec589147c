//go:build e2e

package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestLoad: clients of one gateway, and of two, get every event of their topics
// once and in order. It prints what that costs.
func TestLoad(t *testing.T) {
	fleets := []int{1, 2}
	figures := make(map[int][]loadFigures)
	for range sizes().rounds {
		for _, gateways := range fleets {
			t.Run(fmt.Sprintf("%d gateways", gateways), func(t *testing.T) {
				figures[gateways] = append(figures[gateways], load(t, gateways))
			})
		}
	}
	var table strings.Builder
	for _, row := range []struct {
		name  string
		value func(loadFigures) float64
	}{
		{"deliveries a second, flat out", func(f loadFigures) float64 { return f.rate }},
		{"flat out: CPU-seconds of the gateways per 100,000 deliveries", func(f loadFigures) float64 { return f.flatGateways }},
		{"flat out: CPU-seconds of Redis per 100,000 deliveries", func(f loadFigures) float64 { return f.flatRedis }},
		{"fixed rate: CPU-seconds of the gateways per 100,000 deliveries", func(f loadFigures) float64 { return f.steadyGateways }},
		{"fixed rate: CPU-seconds of Redis per 100,000 deliveries", func(f loadFigures) float64 { return f.steadyRedis }},
		{"fixed rate: latency in ms, 50 %", func(f loadFigures) float64 { return f.p50 }},
		{"fixed rate: latency in ms, 99 %", func(f loadFigures) float64 { return f.p99 }},
	} {
		fmt.Fprintf(&table, "\n| %s |", row.name)
		for _, gateways := range fleets {
			var values []float64
			for _, f := range figures[gateways] {
				values = append(values, row.value(f))
			}
			slices.Sort(values)
			if len(values) > 0 {
				fmt.Fprintf(&table, " %.4g (%.4g–%.4g) |", values[len(values)/2], values[0], values[len(values)-1])
			}
		}
	}
	t.Logf("\n| | 1 gateway | 2 gateways |\n|---|--:|--:|%s", &table)
}

// loadFigures are of one round.
type loadFigures struct {
	rate, flatGateways, flatRedis         float64
	steadyGateways, steadyRedis, p50, p99 float64
}

func load(t *testing.T, gateways int) (figures loadFigures) {
	f := startFleet(t, gateways)
	c := f.connect(t)
	f.publish(t.Context(), t, 10, 0) // to warm up
	c.awaitEvents(t)

	rounds := f.size.events / f.size.topics
	figures.flatGateways, figures.flatRedis, figures.rate = c.measure(t, rounds, 0)
	rounds = max(1, int(f.size.steady.Seconds()*float64(f.size.rate))/f.size.topics)
	figures.steadyGateways, figures.steadyRedis, _ = c.measure(t, rounds, f.size.rate)
	latencies := c.total(everybody).latencies
	figures.p50, figures.p99 = milliseconds(percentile(latencies, 50)), milliseconds(percentile(latencies, 99))
	return figures
}

// measure publishes rounds of events. It returns the CPU-seconds for 100,000
// deliveries, and how many deliveries there were a second. Each client must get
// each event once.
func (c *crowd) measure(t *testing.T, rounds, rate int) (gatewayCPU, redisCPU, perSecond float64) {
	t.Helper()
	f := c.fleet
	c.begin()
	gatewaysBefore, redisBefore, began := f.gatewayCPU(t), f.redisCPU(t), time.Now()
	f.publish(t.Context(), t, rounds, rate)
	c.awaitEvents(t)
	lasted := time.Since(began)
	deliveries := rounds * len(c.clients)
	perSecond = float64(deliveries) / lasted.Seconds()
	scale := 100_000 / float64(deliveries)
	gatewayCPU, redisCPU = (f.gatewayCPU(t)-gatewaysBefore)*scale, (f.redisCPU(t)-redisBefore)*scale
	// A repeat would come before an event that is published now.
	f.publish(t.Context(), t, 1, rate)
	c.awaitEvents(t)
	deliveries += len(c.clients)
	if got := c.total(everybody); got.deliveries != deliveries || got.repeats > 0 {
		t.Errorf("%d deliveries, %d of them repeats; want %d and none", got.deliveries, got.repeats, deliveries)
	}
	return gatewayCPU, redisCPU, perSecond
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
