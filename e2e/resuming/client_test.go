//go:build e2e

package resuming

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/e2e/internal/program"
)

// client is a program, of Node.js or Go, that is subscribed to the room, behind a proxy.
type client struct {
	name  string
	proxy *proxy
	input io.Writer

	mu      sync.Mutex
	changed chan struct{} // closed when something has
	seen    seen
	ended   error
}

// seen is what a client has reported.
type seen struct {
	numbers []int // as its user got them
	sockets int
	open    bool
	codes   map[int]int // with which its sockets were closed
	// wire are the messages that crossed the wire, caughtUp those of them from a
	// history.
	wire, caughtUp int
	initial        int // initial results
}

// startClient runs a client; goClients is the program of those in Go.
func startClient(t *testing.T, name, goClients string, choose func() string) *client {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	c := &client{name: name, proxy: startProxy(t, choose), changed: make(chan struct{}), seen: seen{codes: map[int]int{}}}
	command := []string{"node", "resuming.mjs"}
	if name == "hasura" || name == "genqlient" {
		command = []string{goClients}
	}
	command = append(command, name, "ws://"+c.proxy.address()+"/graphql", room)
	process := exec.CommandContext(ctx, command[0], command[1:]...)
	process.Dir = filepath.Join("..", "clients")
	process.Stderr = t.Output()
	input, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	c.input = input
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(output); lines.Scan(); {
			c.report(lines.Bytes())
		}
		c.end(fmt.Errorf("%s has ended", name))
	}()
	t.Cleanup(func() {
		_ = input.Close() // at which it ends
		stuck := time.AfterFunc(program.Patience, cancel)
		defer stuck.Stop()
		<-read
		if err := process.Wait(); err != nil {
			t.Errorf("%s ended with %v", name, err)
		}
		cancel()
	})
	return c
}

// report takes a line of the client's output.
func (c *client) report(line []byte) {
	var report struct {
		Next, Error, Wire          *string
		History, Closed            *int
		Opened, Complete, CaughtUp bool
	}
	if err := json.Unmarshal(line, &report); err != nil {
		c.end(fmt.Errorf("%s reports %q: %w", c.name, line, err))
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s := &c.seen; {
	case report.Next != nil:
		number, err := strconv.Atoi(*report.Next)
		if err != nil {
			c.ended = err
		}
		s.numbers = append(s.numbers, number)
	case report.Wire != nil:
		s.wire++
		if report.CaughtUp {
			s.caughtUp++
		}
	case report.History != nil:
		s.initial++
	case report.Opened:
		s.sockets, s.open = s.sockets+1, true
	case report.Closed != nil:
		s.open = false
		s.codes[*report.Closed]++
	default:
		c.ended = fmt.Errorf("%s reports %s", c.name, line)
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *client) end(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil {
		c.ended = cause
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// await returns once something holds for what the client has seen.
func (c *client) await(ctx context.Context, what string, holds func(*seen) bool) error {
	for {
		c.mu.Lock()
		held, ended, changed := holds(&c.seen), c.ended, c.changed
		numbers, open := len(c.seen.numbers), c.seen.open
		c.mu.Unlock()
		switch {
		case ended != nil:
			return ended
		case held:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s: waiting for %s, with %d numbers, open %v: %w", c.name, what, numbers, open, ctx.Err())
		}
	}
}

// destroy has the client destroy its socket.
func (c *client) destroy() error {
	_, err := io.WriteString(c.input, "\n")
	return err
}

// closes is how often a socket was closed.
func (s *seen) closes() (total int) {
	for _, n := range s.codes {
		total += n
	}
	return total
}

// check says what is wrong with the numbers: each has to be there once, in order.
func (s *seen) check(events int) error {
	want := make([]int, events)
	for i := range want {
		want[i] = i + 1
	}
	if slices.Equal(s.numbers, want) {
		return nil
	}
	missing, twice, at := 0, 0, map[int]int{}
	for _, number := range s.numbers {
		at[number]++
	}
	for _, number := range want {
		switch n := at[number]; {
		case n == 0:
			missing++
		case n > 1:
			twice++
		}
	}
	return fmt.Errorf("%d numbers, %d missing, %d more than once, in order: %v", len(s.numbers), missing, twice, slices.IsSorted(s.numbers))
}
