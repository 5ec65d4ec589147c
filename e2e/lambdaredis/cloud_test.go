//go:build e2e

package lambdaredis

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/apigw/local/runtime"
	"github.com/fanql/fanql/e2e/internal/program"
)

// cloud is the chat on its two functions, and on a worker if the test starts one.
type cloud struct {
	base        string
	environment []string
}

// startCloud runs the functions behind a gateway until the end of the test.
func startCloud(t *testing.T, environment ...string) *cloud {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	const stage = "graphql"
	c := &cloud{
		base:        server.URL,
		environment: append([]string{"FANQL_ENDPOINT=" + server.URL + "/" + stage, program.Race}, environment...),
	}
	sockets, err := local.NewGateway(local.Config{Function: c.function(t, "websocket"), Stage: stage})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sockets.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	requests, err := local.NewHTTPAPI(local.HTTPConfig{Function: c.function(t, "http")})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/"+stage+"/@connections/", sockets)
	mux.HandleFunc("/"+stage, func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			requests.ServeHTTP(w, r)
			return
		}
		sockets.ServeHTTP(w, r)
	})
	return c
}

// build compiles the program of the functions, or what is below its folder.
func build(t *testing.T, below string) string {
	t.Helper()
	return program.Build(t, "examples/chat/lambda/redis"+below, "-race", "-tags=lambda.norpc")
}

func (c *cloud) function(t *testing.T, name string) *runtime.Function {
	t.Helper()
	function, err := runtime.New(runtime.Config{
		Program: build(t, ""), Name: name, MaxProcesses: 4, Timeout: 29 * time.Second, Output: t.Output(), Env: c.environment,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(function.Close)
	return function
}

// worker is one run of the worker's program.
type worker struct{ command *exec.Cmd }

// startWorker runs the program, with credentials from the environment.
func (c *cloud) startWorker(t *testing.T) *worker {
	t.Helper()
	command := exec.Command(build(t, "/worker"))
	command.Env = append(os.Environ(), "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local")
	command.Env = append(command.Env, c.environment...)
	command.Stdout, command.Stderr = t.Output(), t.Output()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	w := &worker{command}
	t.Cleanup(w.kill)
	return w
}

// kill ends the worker as a power cut does. One that has ended is left alone.
func (w *worker) kill() {
	_ = w.command.Process.Kill()
	_ = w.command.Wait()
}

// stop asks the worker to end, as ECS does, and fails the test unless it does so
// in good order.
func (w *worker) stop(t *testing.T) {
	t.Helper()
	if err := w.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(program.Patience, func() { _ = w.command.Process.Kill() })
	defer stuck.Stop()
	if err := w.command.Wait(); err != nil {
		t.Errorf("the worker ended with %v", err)
	}
}
