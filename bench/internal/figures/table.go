package figures

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Table is a table in Markdown of the figures of some parts, or of all if none is
// named: the median of all rounds, in parentheses the least and the most, and beside it
// the median of the ratios to the first peer, round by round. It has the peers that were measured.
func (r *Results) Table(parts ...string) string {
	shown := slices.DeleteFunc(slices.Clone(r.Figures), func(f Figure) bool {
		return len(parts) > 0 && !slices.Contains(parts, f.Part)
	})
	peers := slices.DeleteFunc(slices.Clone(r.Run.Peers), func(peer string) bool {
		return !slices.ContainsFunc(shown, func(f Figure) bool { return len(f.Values[peer]) > 0 })
	})
	header, line := []string{""}, []string{"---"}
	for _, peer := range peers {
		header, line = append(header, filepath.Base(peer)), append(line, "--:")
	}
	var table strings.Builder
	row := func(cells []string) { fmt.Fprintf(&table, "| %s |\n", strings.Join(cells, " | ")) }
	row(header)
	row(line)
	for _, f := range shown {
		cells := []string{f.Case + ": " + f.Kind}
		for _, peer := range peers {
			cells = append(cells, f.cell(peer, peers[0]))
		}
		row(cells)
	}
	return table.String()
}

func (f Figure) cell(peer, first string) string {
	values, to := f.Values[peer], f.Values[first]
	if len(values) == 0 {
		return ""
	}
	cell := Format(Median(values))
	if len(values) > 1 {
		cell += fmt.Sprintf(" (%s–%s)", Format(slices.Min(values)), Format(slices.Max(values)))
	}
	if peer == first || len(values) != len(to) {
		return cell
	}
	ratios := make([]float64, len(values))
	for i := range values {
		ratios[i] = values[i] / to[i]
	}
	return cell + ", **" + Format(Median(ratios)) + " ×**"
}

// Median is the value in the middle, or between the two in the middle.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Format has three digits at least that mean something.
func Format(value float64) string {
	switch {
	case value >= 999.5:
		whole := fmt.Sprintf("%.0f", value)
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + "," + whole[i:]
		}
		return whole
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.2f", value)
}
