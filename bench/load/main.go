// Load measures GraphQL subscription servers side by side, over real sockets, in
// one run: it starts each of them as a process of its own, in turn and several
// times over, connects many clients to it, has it publish, and prints medians
// and ratios as Markdown. With -json it writes them to a file too, as the package
// figures says, of which bench/plot draws what docs/performance.md shows.
//
// Every delivery that counts has been checked: it carries its client's own
// operation ID, and is the event after the one before.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/fanql/fanql/bench/internal/figures"
)

// settings are the program's flags.
type settings struct {
	connections, subscribed, together, window, rounds int
	rate                                              float64
	duration                                          time.Duration
	peers, parts                                      []string
	events                                            bool
	profiles, json                                    string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, readFlags())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func readFlags() settings {
	var s settings
	flag.IntVar(&s.connections, "connections", 1_000, "how many clients connect")
	flag.IntVar(&s.subscribed, "subscribed", 5_000, "how many clients connect where memory is measured")
	flag.IntVar(&s.together, "together", 3_000, "how many clients connect, or resume, at once where that is measured")
	flag.IntVar(&s.window, "window", 8, "how many events are in flight, where a server is to go as fast as it can")
	flag.Float64Var(&s.rate, "rate", 5_000, "deliveries a second, where latency is measured")
	flag.IntVar(&s.rounds, "rounds", 5, "how often everything is measured; the medians are printed")
	flag.DurationVar(&s.duration, "duration", 3*time.Second, "how long one measurement lasts")
	quick := flag.Bool("quick", false, "one short round")
	peers := flag.String("peers", "fanql,fanql-gqlgen,centrifuge,naive,gqlgen,graphql-ws", "the servers to measure: folders of servers, or paths of programs built from them")
	parts := flag.String("parts", "same,variables,documents,state,latency,memory,growth,pace,mutation,together,resume", "what to measure")
	flag.BoolVar(&s.events, "events", false, "subscribe by server-sent events, not over WebSockets, to a server that has them: fanql")
	flag.StringVar(&s.profiles, "profiles", "", "a directory for CPU profiles of the servers written in Go")
	flag.StringVar(&s.json, "json", "", "a file for the figures, as JSON")
	flag.Parse()
	if *quick {
		s.rounds, s.duration = 1, 1500*time.Millisecond
	}
	s.peers, s.parts = strings.Split(*peers, ","), strings.Split(*parts, ",")
	return s
}

func run(ctx context.Context, s settings) (err error) {
	programs, err := os.MkdirTemp("", "fanql-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(programs)) }()
	commands := map[string][]string{}
	for _, name := range s.peers {
		if commands[name], err = build(ctx, programs, name); err != nil {
			return fmt.Errorf("building %s: %w", name, err)
		}
	}
	results := newResults(s)
	for round := range s.rounds {
		for _, part := range parts(s) {
			for _, name := range s.peers {
				if !slices.Contains(s.parts, part.name) || !part.measures(name) {
					continue
				}
				fmt.Fprintf(os.Stderr, "round %d of %d: %s, %s\n", round+1, s.rounds, part.says, name)
				if err := one(ctx, s, part, name, commands[name], results); err != nil {
					return fmt.Errorf("%s, %s: %w", part.says, name, err)
				}
			}
		}
		results.Run.Rounds = round + 1
		if s.json != "" { // after each round, so that one that fails later takes nothing away
			if err := results.Write(s.json); err != nil {
				return err
			}
		}
	}
	_, err = fmt.Fprint(os.Stdout, results.Table())
	return err
}

// newResults are the results of a run that begins.
func newResults(s settings) *figures.Results {
	run := figures.Run{
		Date: time.Now().Format(time.DateOnly), System: runtime.GOOS + "/" + runtime.GOARCH,
		Processors: runtime.GOMAXPROCS(0), Go: runtime.Version(),
		Seconds: s.duration.Seconds(), Rate: s.rate, Peers: s.peers,
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil { // only Linux has it
		_, _ = fmt.Sscan(string(text), &run.Load)
	}
	return &figures.Results{Run: run}
}

// one starts a server for one measurement and takes it.
func one(ctx context.Context, s settings, p part, name string, command []string, results *figures.Results) (err error) {
	server, err := start(ctx, append(slices.Clip(command), p.arguments...))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	before, err := server.usage(ctx, true)
	if err != nil {
		return err
	}
	dial := dialSocket
	if s.events {
		dial = dialEvents
	}
	crowd := newCrowd(server, p.connections, max(p.subscription.topics, 1), dial)
	defer crowd.close()
	m := measurement{settings: s, part: p, peer: name, server: server, crowd: crowd, before: before, results: results}
	if p.together {
		return p.take(ctx, m)
	}
	if err := crowd.subscribe(ctx, p.subscription, usually); err != nil {
		return err
	}
	if p.mutation {
		publisher, err := dialPublisher(ctx, server.sockets[0])
		if err != nil {
			return err
		}
		defer func() { _ = publisher.conn.Close() }()
		crowd.publishing = publisher.publish
	}
	return p.take(ctx, m)
}
