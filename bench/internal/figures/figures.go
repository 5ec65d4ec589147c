// Package figures is what bench/load has measured, and the file that it writes:
// one JSON object, with one figure a line.
//
//	{
//	"run": {"date": "2026-11-29", "system": "linux/amd64", "processors": 2, "go": "go1.26.8",
//	  "load": 3.2, "rounds": 2, "seconds": 1, "rate": 5000, "peers": ["fanql", "naive"]},
//	"figures": [
//	{"part": "growth", "case": "same query, 100 clients", "clients": 100,
//	  "kind": "CPU-seconds per 100,000 deliveries", "values": {"fanql": [0.24, 0.23]}}
//	]
//	}
package figures

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// What is measured: the kinds of figures.
const (
	CPU         = "CPU-seconds per 100,000 deliveries"
	Rate        = "deliveries a second, flat out"
	Allocations = "allocations per delivery"
	Writes      = "writes (system calls) per delivery"
	Latency50   = "latency in ms, 50 %"
	Latency99   = "latency in ms, 99 %"
	Latency100  = "latency in ms, 100 %"
	Memory      = "KB of resident memory per subscribed connection"
	Together    = "seconds until all have had an event"
	Connect     = "CPU-ms per client"
	Peak        = "KB of resident memory per client, at most"
	RedisCPU    = "CPU-seconds of Redis per 100,000 deliveries"
	PerEvent    = "requests to Redis per event"
	PerDelivery = "requests to Redis per delivery"
)

// Results are all figures of one run, in the order in which they were first measured.
type Results struct {
	Run     Run      `json:"run"`
	Figures []Figure `json:"figures"`
}

// Run is when, where and how was measured.
type Run struct {
	Date       string   `json:"date"`       // of the beginning, as 2006-01-02
	System     string   `json:"system"`     // GOOS/GOARCH
	Processors int      `json:"processors"` // that the program may use
	Go         string   `json:"go"`
	Load       float64  `json:"load,omitempty"` // the system's average of the minute before, where it says one
	Rounds     int      `json:"rounds"`         // that were completed
	Seconds    float64  `json:"seconds"`        // that one measurement lasts, flat out
	Rate       float64  `json:"rate"`           // deliveries a second, where latency is measured
	Peers      []string `json:"peers"`          // the first is what the others are compared with
}

// Figure is one kind of figure of one case.
type Figure struct {
	Part    string               `json:"part"` // as -parts of bench/load names it
	Case    string               `json:"case"` // what the clients do, in words
	Clients int                  `json:"clients"`
	Kind    string               `json:"kind"`
	Values  map[string][]float64 `json:"values"` // by peer, one for each round
}

// Add adds the value of one round, with the five digits that may mean something.
func (r *Results) Add(of Figure, peer string, value float64) {
	value, _ = strconv.ParseFloat(strconv.FormatFloat(value, 'g', 5, 64), 64) // it reads what it wrote
	for _, f := range r.Figures {
		if f.Case == of.Case && f.Kind == of.Kind {
			f.Values[peer] = append(f.Values[peer], value)
			return
		}
	}
	of.Values = map[string][]float64{peer: {value}}
	r.Figures = append(r.Figures, of)
}

// Find returns the figures of a part that are of a kind.
func (r *Results) Find(part, kind string) []Figure {
	var found []Figure
	for _, f := range r.Figures {
		if f.Part == part && f.Kind == kind {
			found = append(found, f)
		}
	}
	return found
}

// Read reads a file that Write wrote.
func Read(file string) (*Results, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Results{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

// Write writes the results, so that two runs differ by lines.
func (r *Results) Write(file string) error {
	run, err := json.Marshal(r.Run)
	if err != nil {
		return err
	}
	lines := make([]string, len(r.Figures))
	for i, f := range r.Figures {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		lines[i] = string(line)
	}
	text := fmt.Sprintf("{\n\"run\": %s,\n\"figures\": [\n%s\n]\n}\n", run, strings.Join(lines, ",\n"))
	return os.WriteFile(file, []byte(text), 0o644)
}
