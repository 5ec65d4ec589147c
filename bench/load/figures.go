package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// What is measured, as the table calls it.
const (
	cpuFigure         = "CPU-seconds per 100,000 deliveries"
	rateFigure        = "deliveries a second, flat out"
	allocationsFigure = "allocations per delivery"
	writesFigure      = "writes (system calls) per delivery"
	latencyFigure     = "latency in ms, %d %%"
	memoryFigure      = "KB of resident memory per subscribed connection"
	togetherFigure    = "seconds until all have had an event"
	connectFigure     = "CPU-ms per client"
	peakFigure        = "KB of resident memory per client, at most"
)

// figures are what was measured: by figure and peer, one value per round.
type figures map[string]map[string][]float64

func (f figures) add(figure, peer string, value float64) {
	if f[figure] == nil {
		f[figure] = map[string][]float64{}
	}
	f[figure][peer] = append(f[figure][peer], value)
}

// print writes the medians, with the least and the most of all rounds, and for
// every peer the median of its ratios to the first, round by round.
func (f figures) print(out io.Writer, s settings) {
	first := s.peers[0]
	header := []string{""}
	for _, peer := range s.peers {
		header = append(header, filepath.Base(peer))
	}
	for _, peer := range s.peers[1:] {
		header = append(header, filepath.Base(peer)+" ÷ "+filepath.Base(first))
	}
	row := func(cells []string) { fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | ")) }
	row(header)
	row(slices.Repeat([]string{"---"}, len(header)))
	for _, figure := range f.ordered(s) {
		cells := []string{figure}
		for _, peer := range s.peers {
			cells = append(cells, spread(f[figure][peer]))
		}
		for _, peer := range s.peers[1:] {
			cells = append(cells, ratio(f[figure][peer], f[figure][first]))
		}
		row(cells)
	}
}

// ordered returns the figures in the order of the parts.
func (f figures) ordered(s settings) (names []string) {
	kinds := []string{cpuFigure, rateFigure, allocationsFigure, writesFigure, memoryFigure, togetherFigure, connectFigure, peakFigure}
	for _, percent := range []int{50, 99, 100} {
		kinds = append(kinds, fmt.Sprintf(latencyFigure, percent))
	}
	for _, part := range parts(s) {
		for _, kind := range kinds {
			if name := part.says + ": " + kind; f[name] != nil {
				names = append(names, name)
			}
		}
	}
	return names
}

func spread(values []float64) string {
	switch len(values) {
	case 0:
		return ""
	case 1:
		return format(values[0])
	}
	return fmt.Sprintf("%s (%s–%s)", format(median(values)), format(slices.Min(values)), format(slices.Max(values)))
}

func ratio(values, to []float64) string {
	if len(values) == 0 || len(values) != len(to) {
		return ""
	}
	ratios := make([]float64, len(values))
	for i := range values {
		ratios[i] = values[i] / to[i]
	}
	return format(median(ratios))
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// format has three digits at least that mean something.
func format(value float64) string {
	switch {
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.2f", value)
}
