package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fanql/fanql/bench/internal/figures"
	"github.com/fanql/fanql/bench/internal/peer"
)

// part is one thing to measure, with a server started for it.
type part struct {
	name, says   string
	only         []string // the peers that are measured; nil: all
	arguments    []string // of the server
	subscription subscription
	connections  int
	mutation     bool // published by a mutation over a socket
	together     bool // the clients connect while it is measured, all at once
	take         func(context.Context, measurement) error
}

// measures reports whether the part is for a peer.
func (p part) measures(peer string) bool {
	peer, _, isFleet := strings.Cut(filepath.Base(peer), ":")
	return isFleet == (p.subscription.topics > 0) && (p.only == nil || slices.Contains(p.only, peer))
}

const selection = " { id text author sentAt } }"

func parts(s settings) []part {
	same := subscription{query: "subscription { message" + selection}
	// What executes nothing for a client has one case.
	graphql := []string{"fanql", "fanql-gqlgen", "naive", "gqlgen", "graphql-ws"}
	broadcast := []string{"fanql", "centrifuge"}
	all := []part{
		{name: "same", says: "same query", subscription: same, connections: s.connections, take: takeFlatOut},
		{name: "variables", says: "own variables", only: graphql, connections: s.connections, take: takeFlatOut, subscription: subscription{
			query: "subscription ($suffix: String) { message(suffix: $suffix)" + selection, own: true}},
		{name: "documents", says: "own documents", only: graphql, connections: s.connections, take: takeFlatOut, subscription: subscription{
			query: `subscription { message(suffix: "%d")` + selection, own: true}},
		{name: "state", says: "own state", only: graphql, connections: s.connections, take: takeFlatOut,
			subscription: subscription{query: "subscription { personal" + selection}},
		{name: "latency", says: "same query, fixed rate", subscription: same, connections: s.connections, take: takeLatency},
		{name: "memory", says: "memory", subscription: same, connections: s.subscribed, take: takeMemory},
	}
	for _, connections := range []int{100, 1_000, 5_000} {
		all = append(all,
			part{name: "growth", says: fmt.Sprintf("same query, %d clients", connections), only: broadcast,
				subscription: same, connections: connections, take: takeFlatOut},
			part{name: "pace", says: fmt.Sprintf("same query, %d clients, fixed rate", connections), only: broadcast,
				subscription: same, connections: connections, take: takeLatency})
	}
	for _, topics := range []int{50, 1} {
		says := fmt.Sprintf("%d clients on one topic", s.connections)
		if topics > 1 {
			says = fmt.Sprintf("%d clients on %d topics", s.connections, topics)
		}
		fleet := part{name: "fleet", says: says, connections: s.connections, take: takeFlatOut,
			arguments:    []string{"-topics", strconv.Itoa(topics)},
			subscription: subscription{query: "subscription ($topic: Int!) { message(topic: $topic)" + selection, topics: topics}}
		all = append(all, fleet)
		fleet.name, fleet.says, fleet.mutation = "fleet-mutation", says+", published by a mutation", true
		all = append(all, fleet)
		fleet.name, fleet.says, fleet.mutation, fleet.take = "fleet-pace", says+", fixed rate", false, takeLatency
		all = append(all, fleet)
	}
	return append(all,
		part{name: "mutation", says: "same query, 100 clients, published by a mutation", only: broadcast,
			subscription: same, connections: 100, mutation: true, take: takeFlatOut},
		part{name: "together", says: fmt.Sprintf("%d clients at once", s.together), together: true,
			subscription: same, connections: s.together, take: takeTogether},
		part{name: "resume", says: fmt.Sprintf("%d clients resume at once", s.together), only: []string{"fanql"}, together: true,
			arguments: []string{"-keep"}, subscription: same, connections: s.together, take: takeResume})
}

// measurement is all that there is to measure with.
type measurement struct {
	settings settings
	part     part
	peer     string
	server   *server
	crowd    *crowd
	before   peer.Usage // any client had connected
	results  *figures.Results
}

func (m measurement) note(kind string, value float64) {
	of := figures.Figure{Part: m.part.name, Case: m.part.says, Clients: len(m.crowd.clients), Kind: kind}
	m.results.Add(of, m.peer, value)
}

// takeFlatOut measures a server that has always something to do.
func takeFlatOut(ctx context.Context, m measurement) error {
	if _, err := m.crowd.flatOut(ctx, m.window(), m.settings.duration/3); err != nil { // to warm up
		return err
	}
	before, err := m.server.usage(ctx, false)
	if err != nil {
		return err
	}
	began := time.Now()
	events, err := m.crowd.flatOut(ctx, m.window(), m.settings.duration)
	if err != nil {
		return err
	}
	lasted := time.Since(began)
	after, err := m.server.usage(ctx, false)
	if err != nil {
		return err
	}
	deliveries := float64(events * m.crowd.audience())
	m.note(figures.CPU, (after.CPUSeconds-before.CPUSeconds)/deliveries*100_000)
	m.noteRedis(before, after, deliveries)
	m.note(figures.Rate, deliveries/lasted.Seconds())
	if after.Allocations > 0 {
		m.note(figures.Allocations, float64(after.Allocations-before.Allocations)/deliveries)
	}
	if after.Writes > 0 {
		m.note(figures.Writes, float64(after.Writes-before.Writes)/deliveries)
	}
	return m.profile(ctx)
}

// window is how many events are in flight: as many of each topic.
func (m measurement) window() int { return m.settings.window * m.crowd.topics }

// noteRedis notes what a fleet made Redis do.
func (m measurement) noteRedis(before, after peer.Usage, deliveries float64) {
	if after.Requests == 0 {
		return
	}
	requests := float64(after.Requests - before.Requests)
	m.note(figures.RedisCPU, (after.RedisCPUSeconds-before.RedisCPUSeconds)/deliveries*100_000)
	m.note(figures.PerEvent, requests/deliveries*float64(m.crowd.audience()))
	m.note(figures.PerDelivery, requests/deliveries)
}

// profile keeps going for a profile, if one is wanted.
func (m measurement) profile(ctx context.Context) error {
	if m.settings.profiles == "" || m.peer == "graphql-ws" {
		return nil
	}
	file := filepath.Join(m.settings.profiles, fmt.Sprintf("%s-%s-%d.pprof", filepath.Base(m.peer), m.part.name, m.crowd.audience()))
	done := make(chan error, 1)
	go func() { done <- m.server.profile(ctx, file, m.settings.duration) }()
	_, err := m.crowd.flatOut(ctx, m.window(), m.settings.duration+time.Second/2)
	if err != nil {
		return err
	}
	return <-done
}

// takeLatency measures a server that has little to do.
func takeLatency(ctx context.Context, m measurement) error {
	interval := time.Duration(float64(m.crowd.audience()) / m.settings.rate * float64(time.Second))
	if _, err := m.crowd.flatOut(ctx, m.window(), m.settings.duration/3); err != nil { // to warm up
		return err
	}
	before, err := m.server.usage(ctx, false)
	if err != nil {
		return err
	}
	latencies, err := m.crowd.steady(ctx, interval, 2*m.settings.duration)
	if err != nil {
		return err
	}
	after, err := m.server.usage(ctx, false)
	if err != nil {
		return err
	}
	m.note(figures.CPU, (after.CPUSeconds-before.CPUSeconds)/float64(len(latencies))*100_000)
	m.noteRedis(before, after, float64(len(latencies)))
	noteAt := func(percent int, kind string) {
		at := latencies[(len(latencies)-1)*percent/100]
		m.note(kind, float64(at)/float64(time.Millisecond))
	}
	noteAt(50, figures.Latency50)
	noteAt(99, figures.Latency99)
	noteAt(100, figures.Latency100)
	return nil
}

// takeMemory measures a server that waits.
func takeMemory(ctx context.Context, m measurement) error {
	after, err := m.server.usage(ctx, true)
	if err != nil {
		return err
	}
	m.note(figures.Memory, (float64(after.Resident)-float64(m.before.Resident))/float64(len(m.crowd.clients))/1024)
	return nil
}
