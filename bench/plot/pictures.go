package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/fanql/fanql/bench/internal/figures"
)

// picture is one subject, drawn of the results of a run.
type picture struct {
	name, title, unit string
	peers             []string
	series            []series
	per               float64 // what the values are divided by
	growth            bool    // lines by the number of clients, in place of bars by peer
}

// series are the figures that are drawn alike: one of all peers, or one at each number of clients.
type series struct {
	says    string
	figures []figures.Figure
}

func pictures(r *figures.Results) []picture {
	of := func(says, part, kind string) series { return series{says, r.Find(part, kind)} }
	return []picture{
		{
			name: "throughput", title: "Throughput" + clients(r, "same"), unit: "thousand deliveries a second", per: 1_000, peers: r.Run.Peers,
			series: []series{of("same query", "same", figures.Rate), of("own variables", "variables", figures.Rate)},
		},
		{
			name: "latency", title: "Latency" + clients(r, "latency") + fmt.Sprintf(", %s deliveries a second", figures.Format(r.Run.Rate)), unit: "ms", per: 1, peers: r.Run.Peers,
			series: []series{of("50 %", "latency", figures.Latency50), of("99 %", "latency", figures.Latency99)},
		},
		{
			name: "growth", title: "CPU for 100,000 deliveries, flat out", unit: "CPU-seconds", per: 1, peers: []string{"fanql", "centrifuge"}, growth: true,
			series: []series{of("", "growth", figures.CPU)},
		},
		{
			name: "memory", title: "Memory" + clients(r, "memory"), unit: "KB of resident memory per connection", per: 1, peers: r.Run.Peers,
			series: []series{of("", "memory", figures.Memory)},
		},
	}
}

// clients says how many there were in a part.
func clients(r *figures.Results, part string) string {
	for _, f := range r.Figures {
		if f.Part == part {
			return fmt.Sprintf(", %s clients", figures.Format(float64(f.Clients)))
		}
	}
	return ""
}

// alt says what the picture shows, for those who do not see it.
func (p picture) alt() string {
	var parts []string
	for _, s := range p.series {
		for _, f := range s.figures {
			says := s.says
			if p.growth {
				says = fmt.Sprintf("%s clients", figures.Format(float64(f.Clients)))
			}
			var values []string
			for _, peer := range p.peers {
				if v := f.Values[peer]; len(v) > 0 {
					values = append(values, filepath.Base(peer)+" "+figures.Format(figures.Median(v)/p.per))
				}
			}
			text := strings.Join(values, ", ")
			if says != "" {
				text = says + ": " + text
			}
			parts = append(parts, text)
		}
	}
	return fmt.Sprintf("%s, in %s. %s.", p.title, p.unit, strings.Join(parts, "; "))
}
