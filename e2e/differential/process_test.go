//go:build e2e

package differential

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// patience is how long a process may take to start, and for one case.
const patience = 2 * time.Minute

// side is a process that answers cases, one JSON a line.
type side struct {
	command  func() *exec.Cmd
	patience time.Duration // for one case
	process  *process
}

type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan []byte
	errs  bytes.Buffer
}

// start starts the process, if it does not run, and returns its first line.
func (s *side) start(t *testing.T) []byte {
	t.Helper()
	cmd := s.command()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, in: in, lines: make(chan []byte)}
	cmd.Stderr = &p.errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		reader := bufio.NewReader(out)
		for {
			line, err := reader.ReadBytes('\n')
			if err != nil {
				return
			}
			p.lines <- line
		}
	}()
	s.process = p
	first, err := p.read(patience)
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	return first
}

// stop ends the process, and returns what it wrote to its standard error.
func (s *side) stop() string {
	p := s.process
	if p == nil {
		return ""
	}
	s.process = nil
	_ = p.in.Close()
	_ = p.cmd.Process.Kill()
	for range p.lines { // until the reader has ended
	}
	_ = p.cmd.Wait()
	return p.errs.String()
}

func (p *process) read(patience time.Duration) ([]byte, error) {
	select {
	case line, ok := <-p.lines:
		if !ok {
			return nil, errors.New("crashed")
		}
		return line, nil
	case <-time.After(patience):
		return nil, errors.New("no answer in time")
	}
}

// answer answers all requests. One that crashes or hangs the process has its
// failure for an outcome, and the others go to a new process.
func (s *side) answer(t *testing.T, requests []request) []outcome {
	t.Helper()
	outcomes := make([]outcome, len(requests))
	for next := 0; next < len(requests); {
		if s.process == nil {
			s.start(t)
		}
		answered, err := s.process.answer(requests[next:], outcomes[next:], s.patience)
		next += answered
		if err != nil {
			outcomes[next] = outcome{Failure: fmt.Sprintf("%v: %.2000s", err, s.stop())}
			next++
		}
	}
	return outcomes
}

// answer stops at the first request that is not answered.
func (p *process) answer(requests []request, outcomes []outcome, patience time.Duration) (int, error) {
	go func() {
		encoder := json.NewEncoder(p.in)
		encoder.SetEscapeHTML(false)
		for i, request := range requests {
			request.ID = i
			if encoder.Encode(request) != nil {
				return // The reader notices.
			}
		}
	}()
	for i := range requests {
		line, err := p.read(patience)
		if err != nil {
			return i, err
		}
		if err := json.Unmarshal(line, &outcomes[i]); err != nil || outcomes[i].ID != i {
			return i, fmt.Errorf("answered %q", line)
		}
	}
	return len(requests), nil
}

// introduction is the first line that the reference answers.
type introduction struct{ Schema, Introspection string }

// newReference is graphql-js.
func newReference(t *testing.T) (*side, introduction) {
	t.Helper()
	installPackages(t)
	s := &side{patience: patience, command: func() *exec.Cmd { return exec.CommandContext(t.Context(), "node", "reference.mjs") }}
	var first introduction
	if err := json.Unmarshal(s.start(t), &first); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop() })
	return s, first
}

// newSubject is the adapter, in a process of its own.
func newSubject(t *testing.T, mode string) *side {
	t.Helper()
	s := &side{patience: patience, command: func() *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), subjectVariable+"="+mode)
		return cmd
	}}
	t.Cleanup(func() { s.stop() })
	return s
}

// installPackages sees to it that node_modules is what package-lock.json says.
func installPackages(t *testing.T) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: install Node.js 18 or later with npm (Debian: apt-get install nodejs npm)", program)
		}
	}
	lock, err := os.Stat("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	// npm writes this file last, so that it also tells a whole installation.
	installed, err := os.Stat("node_modules/.package-lock.json")
	if err == nil && !installed.ModTime().Before(lock.ModTime()) {
		return
	}
	output, err := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund").CombinedOutput()
	if err != nil {
		t.Fatalf("npm ci: %v\n%s", err, output)
	}
}
