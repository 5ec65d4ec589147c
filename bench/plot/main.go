// Plot draws what bench/load has measured: it reads results.json and writes the
// pictures in docs/pictures, each for a light and for a dark ground, and what
// docs/performance.md says of them. Run it in bench: go run ./plot.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/fanql/fanql/bench/internal/figures"
)

func main() {
	if err := run(".."); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	files, err := drawn(root)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// drawn returns the files that come from the results in a tree, by their paths in it.
func drawn(root string) (map[string]string, error) {
	results, err := figures.Read(filepath.Join(root, "bench", "results.json"))
	if err != nil {
		return nil, err
	}
	const page = "docs/performance.md"
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	regions := map[string]string{
		"run":       runText(results),
		"peers":     results.Table("same", "variables", "documents", "state", "latency", "memory"),
		"broadcast": results.Table("growth", "pace", "mutation"),
		"together":  results.Table("together", "resume"),
	}
	for _, p := range pictures(results) {
		regions[p.name] = p.markup()
		for suffix, colours := range map[string]palette{"": light(), "-dark": dark()} {
			file := fmt.Sprintf("docs/pictures/%s%s.svg", p.name, suffix)
			if files[file], err = p.svg(colours); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	if files[page], err = replaceRegions(string(text), regions); err != nil {
		return nil, fmt.Errorf("%s: %w", page, err)
	}
	return files, nil
}
