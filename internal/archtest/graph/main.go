// Command graph prints how much of a tree of packages hangs together: for each
// package its files and lines, the largest set of files each of which reaches all
// others by what they refer to (a strongly connected component), and the type with
// most methods.
//
//	go run ./internal/archtest/graph ./core/...
//	go run ./internal/archtest/graph -dir ../older ./core/...
//
// A file refers to another one that declares what it uses: a function, a type, a
// method, a field. Tests do not count.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"text/tabwriter"
)

func main() {
	dir := flag.String("dir", ".", "a directory of the module")
	flag.Parse()
	packages, err := load(*dir, flag.Args())
	if err != nil {
		log.Fatal(err)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "package\tfiles\tlines\tlargest component\ttype with most methods")
	for _, p := range packages {
		largest := 0
		for _, component := range p.components() {
			largest = max(largest, len(component))
		}
		name, methods, files := p.widest()
		widest := ""
		if methods > 0 {
			widest = fmt.Sprintf("%s: %d, in files: %d", name, methods, files)
		}
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%s\n", p.path, len(p.files), p.lines(), largest, widest)
	}
	if err := table.Flush(); err != nil {
		log.Fatal(err)
	}
}
