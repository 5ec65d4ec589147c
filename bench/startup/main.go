// Startup measures the chat's Lambda functions beside the least that there is and
// beside the stock configuration of the SDK: the time from the start of the process
// to its first request for an invocation, and the size of the binary. With -beside
// it measures those of other checkouts as well. scripts/startup runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	runs := flag.Int("runs", 41, "how often each program is started")
	all := programs()
	flag.Func("beside", "measure another program as well: the folder of a module, a colon, and the package in it", func(value string) error {
		module, path, ok := strings.Cut(value, ":")
		if !ok {
			return errors.New("no colon")
		}
		all = append(all, &program{name: path, about: "of " + module, module: module, path: "./" + path})
		return nil
	})
	flag.Parse()
	if err := run(context.Background(), all, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "startup:", err)
		os.Exit(1)
	}
}

// program is one to be measured.
type program struct {
	name, about string
	// module is the folder of its module, and path its package there.
	module, path string
	binary       string
	times        []time.Duration
	amd64, arm64 int64
}

func programs() []*program {
	return []*program{
		{name: "bare", about: "`lambda.Start` alone", module: ".", path: "./startup/bare"},
		{name: "dynamodb", about: "the chat on DynamoDB", module: "..", path: "./examples/chat/lambda/dynamodb"},
		{name: "stock", about: "the same, with `config.LoadDefaultConfig`", module: ".", path: "./startup/stock"},
		{name: "redis", about: "the chat on Redis", module: "..", path: "./examples/chat/lambda/redis"},
	}
}

func run(ctx context.Context, all []*program, runs int) error {
	folder, err := os.MkdirTemp("", "startup")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	for i, p := range all {
		p.binary = filepath.Join(folder, strconv.Itoa(i))
		if p.arm64, err = p.build(ctx, "arm64"); err != nil {
			return err
		}
		if p.amd64, err = p.build(ctx, "amd64"); err != nil {
			return err
		}
	}
	// In turns, so that a busy moment is everybody's; and one turn that does not
	// count, which reads the binaries from the disk.
	for turn := range runs + 1 {
		for _, p := range all {
			took, err := startOnce(ctx, p.binary)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			if turn > 0 {
				p.times = append(p.times, took)
			}
		}
	}
	return report(os.Stdout, all, runs)
}

// build makes the binary as it is deployed, and returns its size.
func (p *program) build(ctx context.Context, architecture string) (int64, error) {
	build := exec.CommandContext(ctx, "go", "build", "-C", p.module, "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", p.binary, p.path) //nolint:gosec // a package of this repository
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture)
	if output, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building %s: %w\n%s", p.path, err, output)
	}
	info, err := os.Stat(p.binary)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// report writes a table in Markdown.
func report(out io.Writer, all []*program, runs int) error {
	const mebibyte = 1 << 20
	var table strings.Builder
	fmt.Fprintf(&table, "Median of %d starts, with the first and the third quartile.\n\n", runs)
	table.WriteString("| main | | start in ms | MiB, amd64 | MiB, arm64 |\n|---|---|--:|--:|--:|\n")
	for _, p := range all {
		slices.Sort(p.times)
		fmt.Fprintf(&table, "| %s | %s | %s (%s to %s) | %.2f | %.2f |\n", p.name, p.about,
			milliseconds(p.times[len(p.times)/2]), milliseconds(p.times[len(p.times)/4]), milliseconds(p.times[len(p.times)*3/4]),
			float64(p.amd64)/mebibyte, float64(p.arm64)/mebibyte)
	}
	_, err := io.WriteString(out, table.String())
	return err
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond))
}
