//go:build e2e

package program

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Patience is how long anything may take before it counts as stuck.
const Patience = 3 * time.Minute

// Race is the environment of programs that are built with -race: the first race halts
// them, and they end 0.1 s after their last step, in place of 1 s.
const Race = "GORACE=halt_on_error=1 atexit_sleep_ms=100"

// Module is the import path of this repository.
const Module = "github.com/fanql/fanql"

// Program is one that runs.
type Program struct {
	// Base is the URL that it says it listens on.
	Base string
	// Debug is the URL of its page for operators, if it has said so.
	Debug string
	// ID is that of its process.
	ID int
	// Stop asks the program to stop and returns when it has, for tests that do not
	// leave that to their end. Only the first call of Stop and Kill does something.
	Stop func()
	// Kill ends the program as kill -9 does, and returns when it has ended.
	Kill func()
}

// Start builds a package of this module, given by its folder, starts it in the
// root of the repository and returns once it has said where it listens. At the
// end of the test the program is asked to stop, and the test fails if it does
// not, or if it does not call its end a success.
func Start(t *testing.T, folder string, args ...string) Program {
	t.Helper()
	return StartWith(t, "", folder, args...)
}

// StartWith is Start of a program that is built with tags, which have commas between
// them.
func StartWith(t *testing.T, tags, folder string, args ...string) Program {
	t.Helper()
	return Run(t, Build(t, folder, "-race", "-tags="+tags), args...)
}

// Run is Start of a program that was built before. The first race halts it.
func Run(t *testing.T, binary string, args ...string) Program {
	t.Helper()
	folder := filepath.Base(binary)
	command := exec.CommandContext(context.WithoutCancel(t.Context()), binary, args...) //nolint:gosec // built by Build
	command.Dir = root(t)                                                               // as make does
	command.Env = append(os.Environ(), Race)
	command.Stderr = t.Output()
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	address, drained := make(chan addresses, 1), make(chan struct{})
	go func() {
		defer close(drained)
		readAddress(io.TeeReader(stdout, t.Output()), address)
	}()
	var once sync.Once
	stop := func() { once.Do(func() { stop(t, folder, command, drained) }) }
	kill := func() { once.Do(func() { kill(command, drained) }) }
	t.Cleanup(stop)

	select {
	case said := <-address:
		return Program{Base: said.base, Debug: said.debug, ID: command.Process.Pid, Stop: stop, Kill: kill}
	case <-drained:
		t.Fatalf("%s ended before it printed its address", folder)
	case <-time.After(Patience):
		t.Fatalf("%s did not print its address", folder)
	}
	return Program{}
}

// addresses are what a program says of itself; the page for operators comes first.
type addresses struct{ base, debug string }

// readAddress reads a program's output to its end and hands over the address
// that it says it listens on.
func readAddress(output io.Reader, address chan<- addresses) {
	said := addresses{}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if after, found := strings.CutPrefix(lines.Text(), "debug "); found {
			said.debug = strings.TrimSpace(after)
		}
		if _, after, found := strings.Cut(lines.Text(), "listening on "); found {
			select {
			case address <- addresses{strings.Fields(after)[0], said.debug}:
			default: // said once already
			}
		}
	}
}

// stop asks the program to end and waits until it has.
func stop(t *testing.T, folder string, command *exec.Cmd, drained <-chan struct{}) {
	t.Helper()
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("%s ended by itself: %v", folder, err)
	}
	stuck := time.AfterFunc(Patience, func() {
		t.Errorf("%s does not stop on SIGTERM", folder)
		_ = command.Process.Kill()
	})
	<-drained
	if err := command.Wait(); err != nil {
		t.Errorf("%s ended with %v", folder, err)
	}
	stuck.Stop()
}

// kill ends a program, which cannot call that a success.
func kill(command *exec.Cmd, drained <-chan struct{}) {
	_ = command.Process.Kill()
	<-drained
	_ = command.Wait()
}

// Require fails the test, with what to do about it, where a program is missing.
func Require(t *testing.T, name, advice string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(advice)
	}
	return path
}
