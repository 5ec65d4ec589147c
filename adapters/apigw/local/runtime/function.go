package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

// Config shapes a Function. Program is required; every other zero field stands
// for its default. Negative numbers are refused.
type Config struct {
	// Program is the path of the executable.
	Program string
	// Args are its arguments. A deployed function has none.
	Args []string
	// Env is added to the environment that Lambda gives, as "key=value", and wins.
	// Region and credentials are some that no service of AWS knows. Nothing of the
	// caller's own environment is passed on, except PATH and HOME.
	Env []string
	// Name is the function's name. Default: function.
	Name string
	// MaxProcesses is how many there may be at a time; further invocations wait.
	// Default: 10.
	MaxProcesses int
	// Timeout is how long an invocation may take. Default: 30 s.
	Timeout time.Duration
	// InitTimeout is how long a process may take from its start to its first
	// request for an invocation. Default: 10 s.
	InitTimeout time.Duration
	// Output gets what the processes write to standard output and error, whole
	// writes at a time. Default: nothing is kept.
	Output io.Writer
}

// Function invokes a program. It may be used concurrently.
type Function struct {
	config Config
	slots  chan struct{} // one for each process that is busy

	mu     sync.Mutex
	idle   []*process // the latest used last
	all    map[*process]struct{}
	closed bool
	// running counts processes, with their servers.
	running sync.WaitGroup
}

// New returns a function without processes: the first invocation starts one.
// Close ends it. ErrInvalid: a field is missing or wrong; the error names it.
func New(config Config) (*Function, error) {
	switch {
	case config.Program == "":
		return nil, invalid("runtime.Config.Program is required")
	case ports.IsNilPointer(config.Output):
		return nil, invalid("runtime.Config.Output is a nil pointer: leave it out, or set one that was made")
	case config.MaxProcesses < 0:
		return nil, invalid("runtime.Config.MaxProcesses must not be negative")
	case config.Timeout < 0:
		return nil, invalid("runtime.Config.Timeout must not be negative")
	case config.InitTimeout < 0:
		return nil, invalid("runtime.Config.InitTimeout must not be negative")
	}
	config.Name = cmp.Or(config.Name, "function")
	config.MaxProcesses = cmp.Or(config.MaxProcesses, 10)
	config.Timeout = cmp.Or(config.Timeout, 30*time.Second)
	config.InitTimeout = cmp.Or(config.InitTimeout, 10*time.Second)
	if config.Output == nil {
		config.Output = io.Discard
	} else {
		config.Output = &lockedWriter{writer: config.Output}
	}
	return &Function{config: config, slots: make(chan struct{}, config.MaxProcesses), all: map[*process]struct{}{}}, nil
}

func invalid(text string) error {
	return &ports.Error{Op: "runtime.New", Kind: ports.ErrInvalid, Err: errors.New(text)}
}

// Error is what a function reported of a failed invocation.
type Error struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

// Error tells the type and the message.
func (e *Error) Error() string { return e.Type + ": " + e.Message }

var errClosed = errors.New("runtime: the function is closed")

// Invoke runs one invocation in an idle process, or in a new one. The error is an
// *Error where the function reported one, or where Lambda would: Runtime.ExitError
// for a process that ended, Sandbox.Timedout after Timeout. A process that is
// still busy when ctx ends is killed.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-f.slots }()
	timed, cancel := context.WithTimeout(ctx, f.config.Timeout)
	defer cancel()
	answer, err := f.invoke(timed, payload)
	for errors.Is(err, errNotTaken) {
		answer, err = f.invoke(timed, payload)
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = &Error{Type: "Sandbox.Timedout", Message: fmt.Sprintf("Task timed out after %v", f.config.Timeout)}
	}
	return answer, err
}

func (f *Function) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	p, err := f.take()
	if err != nil {
		return nil, err
	}
	answer, err := p.invoke(ctx, payload)
	if p.alive() {
		f.put(p)
	}
	return answer, err
}

// Close kills the processes, those that are busy too, and waits until all have
// ended. Later invocations fail.
func (f *Function) Close() {
	f.mu.Lock()
	f.closed = true
	for p := range f.all {
		p.kill()
	}
	f.mu.Unlock()
	f.running.Wait()
}

// take returns an idle process that lives, or starts one.
func (f *Function) take() (*process, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, errClosed
	}
	for len(f.idle) > 0 {
		last := len(f.idle) - 1
		p := f.idle[last]
		f.idle = f.idle[:last]
		if p.alive() {
			return p, nil
		}
	}
	return f.start()
}

func (f *Function) put(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle = append(f.idle, p)
}

// lockedWriter is for several processes that write at once.
type lockedWriter struct {
	mu     sync.Mutex
	writer io.Writer
}

// Write writes while nobody else does.
func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writer.Write(p)
}
