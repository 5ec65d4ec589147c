package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fanql/fanql/bench/internal/peer"
)

// build makes a peer ready and returns the command that starts it. The one that
// is not Go is installed when it is not yet. A path is a server that somebody
// built before: another version of one of them, say. After a colon is how many
// gateways a fleet has.
func build(ctx context.Context, programs, name string) ([]string, error) {
	if fleet, gateways, ok := strings.Cut(name, ":"); ok {
		command, err := build(ctx, programs, fleet)
		return append(slices.Clip(command), "-gateways", gateways), err
	}
	if strings.ContainsRune(name, filepath.Separator) {
		return []string{name}, nil
	}
	folder := filepath.Join("servers", name)
	script := filepath.Join(folder, "server.mjs")
	if _, err := os.Stat(script); err != nil {
		program := filepath.Join(programs, name)
		return []string{program}, loudly(exec.CommandContext(ctx, "go", "build", "-o", program, "./"+folder))
	}
	command := []string{"node", "--expose-gc", script}
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err == nil {
		return command, nil
	}
	install := exec.CommandContext(ctx, "npm", "ci")
	install.Dir = folder
	return command, loudly(install)
}

func loudly(command *exec.Cmd) error {
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	return command.Run()
}

// server is a peer that runs.
type server struct {
	address string
	// sockets are the addresses that clients connect to: its own, or those of a fleet.
	sockets []string
	command *exec.Cmd
	input   io.WriteCloser
}

func start(ctx context.Context, command []string) (*server, error) {
	s := &server{command: exec.CommandContext(ctx, command[0], command[1:]...)}
	s.command.Env = append(os.Environ(), "NODE_ENV=production")
	s.command.Stderr = os.Stderr
	output, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if s.input, err = s.command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	sockets, address, isFleet := strings.Cut(strings.TrimSpace(line), " ")
	if s.address, s.sockets = address, strings.Split(sockets, ","); !isFleet {
		s.address = sockets
	}
	return s, nil
}

// stop ends the server, which notices the end of its input.
func (s *server) stop() error { return errors.Join(s.input.Close(), s.command.Wait()) }

// publish has the server publish n events, numbered from first.
func (s *server) publish(first, n int) error {
	_, err := fmt.Fprintf(s.input, "%d %d %d\n", first, n, time.Now().UnixNano())
	return err
}

// usage is what the server has used; with collect, after it has freed what it can.
func (s *server) usage(ctx context.Context, collect bool) (used peer.Usage, err error) {
	path := "/usage"
	if collect {
		path += "?collect"
	}
	err = get(ctx, s.address, path, func(body io.Reader) error { return json.NewDecoder(body).Decode(&used) })
	return used, err
}

// profile writes a CPU profile of the next seconds to a file; of a fleet, that of its
// last gateway.
func (s *server) profile(ctx context.Context, file string, duration time.Duration) error {
	return get(ctx, s.sockets[len(s.sockets)-1], fmt.Sprintf("/debug/pprof/profile?seconds=%d", max(1, int(duration.Seconds()))), func(body io.Reader) error {
		content, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		return os.WriteFile(file, content, 0o600)
	})
}

func get(ctx context.Context, address, path string, read func(io.Reader) error) (err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	return read(response.Body)
}
