package runtime

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// process is one running program with the Runtime API that it talks to.
type process struct {
	api     *api
	server  *http.Server
	command *exec.Cmd
	ended   chan struct{} // closed when the program has ended
	exit    error         // set before that
	init    *time.Timer   // kills a program that never asks for an invocation
}

// start runs the program with a Runtime API of its own. The caller holds f.mu.
func (f *Function) start() (*process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // nothing is waited for
	if err != nil {
		return nil, fmt.Errorf("runtime: %w", err)
	}
	p := &process{api: newAPI(f.config.Name), ended: make(chan struct{})}
	p.server = &http.Server{Handler: p.api, ReadHeaderTimeout: time.Minute}
	p.command = exec.Command(f.config.Program, f.config.Args...) //nolint:gosec,noctx // the program is the caller's; it outlives the invocation that starts it
	p.command.Env = environment(f.config, listener.Addr().String())
	p.command.Dir = filepath.Dir(f.config.Program)
	p.command.Stdout, p.command.Stderr = f.config.Output, f.config.Output
	p.command.WaitDelay = time.Second // for output pipes that a child of its own holds
	if err := p.command.Start(); err != nil {
		_ = listener.Close() // the failed start is what there is to report
		return nil, fmt.Errorf("runtime: %w", err)
	}
	f.running.Go(func() { _ = p.server.Serve(listener) }) // ends with Close
	f.running.Go(func() { f.wait(p) })
	f.all[p] = struct{}{}
	p.init = time.AfterFunc(f.config.InitTimeout, func() {
		if !p.api.ready() {
			p.kill()
		}
	})
	return p, nil
}

// wait ends what belongs to the program when that has ended.
func (f *Function) wait(p *process) {
	p.exit = p.command.Wait()
	_ = p.server.Close() // its only client has gone
	close(p.ended)
	f.mu.Lock()
	defer f.mu.Unlock()
	p.init.Stop()
	delete(f.all, p)
}

// kill ends the program at once; wait does the rest.
func (p *process) kill() { _ = p.command.Process.Kill() } // it may have ended by itself

func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// invoke hands over one invocation and waits for its answer. A program that does
// not answer before ctx ends is killed, and gone when invoke returns.
func (p *process) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	current := p.api.begin(ctx, payload)
	select {
	case answer := <-current.answer:
		return answer.payload, answer.err
	case <-p.ended:
		return p.afterEnd(current)
	case <-ctx.Done():
		p.kill()
		<-p.ended
		return nil, ctx.Err()
	}
}

// errNotTaken: the process ended before it took the invocation. One that panicked
// before ends just after it has said so.
var errNotTaken = errors.New("runtime: the process ended without the invocation")

// afterEnd says what became of an invocation whose process has ended.
func (p *process) afterEnd(current *invocation) ([]byte, error) {
	select {
	case answer := <-current.answer: // it came just before the end
		return answer.payload, answer.err
	default:
	}
	if p.api.ready() && p.api.withdraw() {
		return nil, errNotTaken
	}
	if err := p.api.initError(); err != nil {
		return nil, err
	}
	return nil, &Error{Type: "Runtime.ExitError", Message: fmt.Sprintf("Runtime exited: %v", p.exit)}
}

// environment is what Lambda gives to a function, as far as functions look at it
// ("Defined runtime environment variables", Lambda developer guide).
func environment(config Config, address string) []string {
	environment := []string{
		"AWS_LAMBDA_RUNTIME_API=" + address,
		"AWS_LAMBDA_FUNCTION_NAME=" + config.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1024",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + config.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=local",
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
		"LAMBDA_TASK_ROOT=" + filepath.Dir(config.Program),
		"_HANDLER=bootstrap",
		"TZ=:UTC",
	}
	for _, name := range []string{"PATH", "HOME"} {
		if value, ok := os.LookupEnv(name); ok {
			environment = append(environment, name+"="+value)
		}
	}
	return append(environment, config.Env...)
}
