//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything here may take before it counts as stuck.
const patience = time.Minute

// startChat builds the chat example, starts it on a free port and returns its
// base URL. At the end of the test the program is asked to stop, and the test
// fails if it does not, or if it does not call its end a success.
func startChat(t *testing.T) string {
	t.Helper()
	// Built with the race detector, and halted by the first race.
	program := filepath.Join(t.TempDir(), "chat")
	build := exec.CommandContext(t.Context(), "go", "build", "-race", "-o", program, "../examples/chat")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building examples/chat: %v\n%s", err, output)
	}

	chat := exec.CommandContext(context.WithoutCancel(t.Context()), program, "-addr", "127.0.0.1:0")
	chat.Dir = ".." // as `make run` does
	chat.Env = append(os.Environ(), "GORACE=halt_on_error=1")
	chat.Stderr = t.Output()
	stdout, err := chat.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := chat.Start(); err != nil {
		t.Fatal(err)
	}
	address, drained := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(drained)
		readAddress(io.TeeReader(stdout, t.Output()), address)
	}()
	t.Cleanup(func() { stopChat(t, chat, drained) })

	select {
	case base := <-address:
		return base
	case <-drained:
		t.Fatal("examples/chat ended before it printed its address")
	case <-time.After(patience):
		t.Fatal("examples/chat did not print its address")
	}
	return ""
}

// readAddress reads a program's output to its end and hands over the address
// that it says it listens on.
func readAddress(output io.Reader, address chan<- string) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if _, after, found := strings.Cut(lines.Text(), "listening on "); found {
			select {
			case address <- strings.Fields(after)[0]:
			default: // said once already
			}
		}
	}
}

// stopChat asks the program to end and waits until it has.
func stopChat(t *testing.T, chat *exec.Cmd, drained <-chan struct{}) {
	t.Helper()
	if err := chat.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("examples/chat ended by itself: %v", err)
	}
	stuck := time.AfterFunc(patience, func() {
		t.Errorf("examples/chat does not stop on SIGTERM")
		_ = chat.Process.Kill()
	})
	<-drained
	if err := chat.Wait(); err != nil {
		t.Errorf("examples/chat ended with %v", err)
	}
	stuck.Stop()
}

// runScript runs one of the Node.js programs in clients and decodes the line of
// JSON that it prints.
func runScript(t *testing.T, result any, script string, args ...string) {
	t.Helper()
	require(t, "node", "Node.js 20 or later is missing; on Debian: apt-get install nodejs npm")
	if _, err := os.Stat("clients/node_modules/.package-lock.json"); err != nil {
		t.Fatal("the clients are not installed; run `npm ci` in e2e/clients, or `make e2e`")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	node := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	node.Dir = "clients"
	// A script that is asked to stop takes its browser along.
	node.Cancel = func() error { return node.Process.Signal(syscall.SIGTERM) }
	node.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	node.Stdout, node.Stderr = &stdout, &stderr
	if err := node.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", script, errors.Join(err, ctx.Err()), &stdout, &stderr)
	}
	if err := json.Unmarshal(stdout.Bytes(), result); err != nil {
		t.Fatalf("%s printed no result: %v\n%s%s", script, err, &stdout, &stderr)
	}
}

// require fails the test, with what to do about it, where a program is missing.
func require(t *testing.T, program, advice string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(advice)
	}
	return path
}
