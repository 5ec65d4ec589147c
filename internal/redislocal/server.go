package redislocal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/internal/freeport"
)

var errMissing = errors.New("redislocal: redis-server is missing: install Redis 6.2 or later; on Debian with: apt-get install redis-server")

// Options are how a server is started. The zero value is a server that keeps
// everything in memory alone.
type Options struct {
	// Durable has every write on the disk before it is answered, so that Restart
	// finds it again: appendonly yes, appendfsync always.
	Durable bool
	// Settings are further ones, as on the command line: "--maxmemory", "10mb".
	Settings []string
}

// Server is a redis-server. Its methods may be called concurrently.
type Server struct {
	program, directory string
	port               int
	settings           []string

	mu      sync.Mutex
	process *process
}

// process is one run of the program.
type process struct {
	command *exec.Cmd
	output  bytes.Buffer
	exited  chan struct{}
}

// Start starts a server with no keys and returns once it answers. The context
// bounds the start; the server runs until Stop, and on Linux no longer than the
// process that started it.
//
// The error is one line that says what to install, or what the program said
// before it ended.
func Start(ctx context.Context, options Options) (*Server, error) {
	return launch(ctx, func(port int, directory string) ([]string, error) {
		settings := []string{
			"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", directory, "--save", "",
			// A replica would wait five seconds for others, and no server of a cluster would
			// list it before it has heard from its master, which would be ten seconds.
			"--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1",
		}
		if options.Durable {
			settings = append(settings, "--appendonly", "yes", "--appendfsync", "always")
		}
		return append(settings, options.Settings...), nil
	})
}

// settingsFor makes the settings of a process for a port and a directory that it
// has to itself.
type settingsFor func(port int, directory string) ([]string, error)

// launch starts the program and returns once it answers.
func launch(ctx context.Context, settings settingsFor) (*Server, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errMissing
	}
	// Between the moment that a free port is known and its use, somebody else may
	// take it.
	for range 3 {
		var server *Server
		if server, err = start(ctx, program, settings); err == nil {
			return server, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

func start(ctx context.Context, program string, settings settingsFor) (*Server, error) {
	port, err := freeport.Find(ctx, busAt)
	if err != nil {
		return nil, fmt.Errorf("redislocal: %w", err)
	}
	directory, err := os.MkdirTemp("", "redislocal-")
	if err != nil {
		return nil, fmt.Errorf("redislocal: %w", err)
	}
	s := &Server{program: program, directory: directory, port: port}
	if s.settings, err = settings(port, directory); err != nil {
		s.Stop()
		return nil, fmt.Errorf("redislocal: %w", err)
	}
	if err := s.Restart(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// busAt is how much higher the port of a cluster's bus is.
const busAt = 10_000

// Restart starts a server that was killed on the same port and directory, and
// returns once it answers. One that runs is left alone.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return nil
	}
	// The process outlives ctx, and so is not bound to it.
	p := &process{command: exec.Command(s.program, s.settings...), exited: make(chan struct{})} //nolint:gosec,noctx // Found on the user's own path; see above.
	p.command.SysProcAttr = endWithParent()
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	if err := p.command.Start(); err != nil {
		return fmt.Errorf("redislocal: %w", err)
	}
	go func() {
		_ = p.command.Wait() // A program that is killed never ends well.
		close(p.exited)
	}()
	if err := s.answers(ctx, p); err != nil {
		p.kill()
		return fmt.Errorf("redislocal: %w: %s", err, bytes.TrimSpace(p.output.Bytes()))
	}
	s.process = p
	return nil
}

func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.exited
}

// answers returns nil once the server has loaded what it had.
func (s *Server) answers(ctx context.Context, p *process) error {
	for {
		if s.ping(ctx) {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-p.exited:
			return errors.New("the program ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ping says whether the server answers PING. A client would try for long, and log
// that it does.
func (s *Server) ping(ctx context.Context) bool {
	connection, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", s.Addr())
	if err != nil {
		return false
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(time.Second))
	_, _ = connection.Write([]byte("PING\r\n"))
	answer, _ := bufio.NewReader(connection).ReadString('\n')
	return answer == "+PONG\r\n"
}

// Addr is the host and port that clients are given.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Client returns a client of the server, which the caller closes.
func (s *Server) Client() *goredis.Client {
	return goredis.NewClient(&goredis.Options{Addr: s.Addr(), ContextTimeoutEnabled: true})
}

// until asks the server until what it says will do.
func (s *Server) until(ctx context.Context, settled func(client *goredis.Client) bool) error {
	client := s.Client()
	defer func() { _ = client.Close() }()
	for !settled(client) {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Kill ends the server as a power cut does, and returns when it has ended. One
// that does not run is left alone.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		s.process.kill()
		s.process = nil
	}
}

// Stop ends the server, and with it everything it keeps. Again is harmless.
func (s *Server) Stop() {
	s.Kill()
	_ = os.RemoveAll(s.directory)
}
