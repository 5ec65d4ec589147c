//go:build e2e

package hostile

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql/e2e/internal/program"
)

// The variable that makes this binary something else than the test.
const roleVariable = "HOSTILE_ROLE"

var full = flag.Bool("hostile.full", false, "ten seconds alone and ten beside the hostile clients, all of them flat out")

func TestMain(m *testing.M) {
	run, ok := map[string]func() error{
		"server":    serve,
		"attackers": func() error { return attack(kinds()) },
		"authors":   func() error { return attack(authors()) },
	}[os.Getenv(roleVariable)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, os.Getenv(roleVariable)+":", err)
		os.Exit(1)
	}
}

// process is this binary in another role.
type process struct {
	id     int
	output *bufio.Reader
	// stop asks the process to end, waits until it has, and returns what is left
	// of its output.
	stop func() string
}

// start runs this binary in another role, so nice to others.
func start(t *testing.T, role string, niceness int, variables ...string) *process {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "nice", "-n", strconv.Itoa(niceness), os.Args[0])
	command.Env = append(append(os.Environ(), roleVariable+"="+role, program.Race), variables...)
	command.Stderr = t.Output()
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{id: command.Process.Pid, output: bufio.NewReader(output)}
	stopped := false
	p.stop = func() string {
		if stopped {
			return ""
		}
		stopped = true
		stuck := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
		defer stuck.Stop()
		_ = input.Close()
		rest, _ := io.ReadAll(p.output)
		if err := command.Wait(); err != nil {
			t.Errorf("%s: %v", role, err)
		}
		return string(rest)
	}
	t.Cleanup(func() { p.stop() })
	return p
}

func (p *process) line(t *testing.T) string {
	t.Helper()
	line, err := p.output.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// untilTold returns a context that ends when whoever started the process closes
// its input.
func untilTold() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	return ctx, cancel
}
