package main

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"time"

	"github.com/fanql/fanql/bench/internal/figures"
)

// replaceRegions puts the texts of regions into a page. A region is what stands
// between a line <!-- bench: NAME --> and the next empty line.
func replaceRegions(page string, regions map[string]string) (string, error) {
	marker := regexp.MustCompile(`(?m)^<!-- bench: (\w+) -->\n(?:.+\n)*`)
	seen := map[string]bool{}
	page = marker.ReplaceAllStringFunc(page, func(region string) string {
		name := marker.FindStringSubmatch(region)[1]
		seen[name] = true
		return fmt.Sprintf("<!-- bench: %s -->\n%s", name, regions[name])
	})
	for name := range regions {
		if !seen[name] {
			return "", fmt.Errorf("no <!-- bench: %s -->", name)
		}
	}
	for name := range seen {
		if regions[name] == "" {
			return "", fmt.Errorf("nothing is known of %s", name)
		}
	}
	return page, nil
}

// markup shows the picture for the reader's ground.
func (p picture) markup() string {
	return fmt.Sprintf(`<picture>
  <source media="(prefers-color-scheme: dark)" srcset="pictures/%[1]s-dark.svg">
  <img src="pictures/%[1]s.svg" width="%[2]d" alt="%[3]s">
</picture>
`, p.name, shownWidth, html.EscapeString(p.alt()))
}

// runText says how the figures were measured.
func runText(r *figures.Results) string {
	date := r.Run.Date
	if day, err := time.Parse(time.DateOnly, date); err == nil {
		date = day.Format("2 January 2006")
	}
	text := fmt.Sprintf("%s, %s, %d processors, %s, server and clients on the same machine. ",
		date, r.Run.System, r.Run.Processors, strings.Replace(r.Run.Go, "go", "Go ", 1))
	if r.Run.Rounds == 1 {
		text += "One round"
	} else {
		text += fmt.Sprintf("Medians of %d rounds, in parentheses the least and the most", r.Run.Rounds)
	}
	text += fmt.Sprintf("; one measurement takes %g s.", r.Run.Seconds)
	if r.Run.Load > 0 {
		text += fmt.Sprintf(" In the minute before, the load average of the machine was %.1f.", r.Run.Load)
	}
	return text + "\n"
}
