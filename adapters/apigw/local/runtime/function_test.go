package runtime_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"go.uber.org/goleak"

	"github.com/fanql/fanql/adapters/apigw/local/runtime"
)

// TestMain is the deployed program too: the tests run this very binary as a
// function.
func TestMain(m *testing.M) {
	switch os.Getenv("TEST_FUNCTION") {
	case "handler":
		lambda.Start(handle)
	case "broken":
		reportInitError()
	case "exits":
		os.Exit(3)
	case "silent":
		select {}
	default:
		goleak.VerifyTestMain(m)
	}
}

type request struct {
	Do    string
	Until string // an address to ask for leave to answer
}

type response struct {
	PID      int
	Deadline time.Time
	ID, Name string
	Env      map[string]string
}

func handle(ctx context.Context, r request) (response, error) {
	switch r.Do {
	case "fail":
		return response{}, errors.New("it did not work")
	case "panic":
		panic("it broke")
	case "exit":
		os.Exit(3)
	case "hang":
		select {}
	case "print":
		fmt.Println("hello from", os.Getpid())
	}
	answer := response{PID: os.Getpid(), Name: lambdacontext.FunctionName, Env: map[string]string{}}
	answer.Deadline, _ = ctx.Deadline()
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		answer.ID = lc.AwsRequestID
	}
	for _, name := range []string{"MINE", "SECRET", "TZ"} {
		answer.Env[name] = os.Getenv(name)
	}
	if r.Until != "" {
		leave, err := http.Get(r.Until)
		if err != nil {
			return response{}, err
		}
		_ = leave.Body.Close()
	}
	return answer, nil
}

func reportInitError() {
	body := strings.NewReader(`{"errorType":"Extension.Broken","errorMessage":"no configuration"}`)
	answer, err := http.Post("http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/init/error", "application/json", body)
	if err == nil {
		_ = answer.Body.Close()
	}
	os.Exit(1)
}

func newFunction(t *testing.T, config runtime.Config) *runtime.Function {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config.Program = program
	if len(config.Env) == 0 {
		config.Env = []string{"TEST_FUNCTION=handler"}
	}
	f, err := runtime.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func invoke(t *testing.T, f *runtime.Function, r request) (response, error) {
	t.Helper()
	payload, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	answered, err := f.Invoke(t.Context(), payload)
	var answer response
	if err == nil && json.Unmarshal(answered, &answer) != nil {
		t.Fatalf("answered %s", answered)
	}
	return answer, err
}

func wantError(t *testing.T, err error, kind, text string) {
	t.Helper()
	reported, ok := errors.AsType[*runtime.Error](err)
	if !ok || reported.Type != kind || !strings.Contains(reported.Message, text) {
		t.Fatalf("got %v, want %s: %s", err, kind, text)
	}
}

func TestInvocation(t *testing.T) {
	t.Setenv("SECRET", "of the caller")
	f := newFunction(t, runtime.Config{Name: "chat", Timeout: time.Hour, Env: []string{"TEST_FUNCTION=handler", "MINE=yes"}})
	first, err := invoke(t, f, request{})
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(first.Deadline); left < 50*time.Minute || left > time.Hour {
		t.Errorf("the deadline is in %v, want an hour", left)
	}
	if first.Name != "chat" || first.Env["MINE"] != "yes" || first.Env["SECRET"] != "" || first.Env["TZ"] != ":UTC" {
		t.Errorf("name %q, environment %v", first.Name, first.Env)
	}
	second, err := invoke(t, f, request{})
	if err != nil {
		t.Fatal(err)
	}
	if second.PID != first.PID {
		t.Error("the second invocation has a process of its own, although the first one's was idle")
	}
	if first.ID == "" || first.ID == second.ID {
		t.Errorf("request IDs %q and %q", first.ID, second.ID)
	}
}

func TestOneInvocationPerProcess(t *testing.T) {
	const n = 3
	f := newFunction(t, runtime.Config{MaxProcesses: n})
	var arrived sync.WaitGroup
	arrived.Add(n)
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived.Done()
		arrived.Wait() // for all of them: they run at once
	})}
	address := serve(t, server)
	pids := make(chan int, n)
	var callers sync.WaitGroup
	for range n {
		callers.Go(func() {
			answer, err := invoke(t, f, request{Until: address})
			if err != nil {
				t.Error(err)
			}
			pids <- answer.PID
		})
	}
	callers.Wait()
	close(pids)
	distinct := map[int]bool{}
	for pid := range pids {
		distinct[pid] = true
	}
	if len(distinct) != n {
		t.Errorf("%d processes ran %d invocations at once", len(distinct), n)
	}
}

func TestMaxProcesses(t *testing.T) {
	f := newFunction(t, runtime.Config{MaxProcesses: 1})
	pids := make([]int, 4)
	var callers sync.WaitGroup
	for i := range pids {
		callers.Go(func() {
			answer, err := invoke(t, f, request{})
			if err != nil {
				t.Error(err)
			}
			pids[i] = answer.PID
		})
	}
	callers.Wait()
	for _, pid := range pids {
		if pid != pids[0] {
			t.Errorf("processes %v, want one", pids)
		}
	}
}

func TestWaitingForAProcessEndsWithTheContext(t *testing.T) {
	f := newFunction(t, runtime.Config{MaxProcesses: 1})
	entered, leave := make(chan struct{}), make(chan struct{})
	address := serve(t, &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-leave
	})})
	var busy sync.WaitGroup
	busy.Go(func() { _, _ = invoke(t, f, request{Until: address}) })
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Invoke(ctx, []byte("{}")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	close(leave)
	busy.Wait()
}

func TestFunctionFails(t *testing.T) {
	f := newFunction(t, runtime.Config{})
	before, err := invoke(t, f, request{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = invoke(t, f, request{Do: "fail"})
	wantError(t, err, "errorString", "it did not work")
	after, err := invoke(t, f, request{})
	if err != nil || after.PID != before.PID {
		t.Errorf("after an error: process %d (%v), want %d still", after.PID, err, before.PID)
	}
}

func TestProcessEnds(t *testing.T) {
	for do, want := range map[string][2]string{
		"panic": {"string", "it broke"},
		"exit":  {"Runtime.ExitError", "exit status 3"},
	} {
		t.Run(do, func(t *testing.T) {
			f := newFunction(t, runtime.Config{})
			_, err := invoke(t, f, request{Do: do})
			wantError(t, err, want[0], want[1])
			if _, err := invoke(t, f, request{}); err != nil {
				t.Errorf("the next invocation: %v, want a new process", err)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	f := newFunction(t, runtime.Config{Timeout: time.Second})
	_, err := invoke(t, f, request{Do: "hang"})
	wantError(t, err, "Sandbox.Timedout", "timed out after 1s")
	if _, err := invoke(t, f, request{}); err != nil {
		t.Errorf("the next invocation: %v, want a new process", err)
	}
}

func TestInitialization(t *testing.T) {
	for mode, want := range map[string][2]string{
		"broken": {"Extension.Broken", "no configuration"},
		"exits":  {"Runtime.ExitError", "exit status 3"},
		"silent": {"Runtime.ExitError", "killed"},
	} {
		t.Run(mode, func(t *testing.T) {
			config := runtime.Config{InitTimeout: time.Minute, Env: []string{"TEST_FUNCTION=" + mode}}
			if mode == "silent" {
				config.InitTimeout = 300 * time.Millisecond
			}
			f := newFunction(t, config)
			_, err := invoke(t, f, request{})
			wantError(t, err, want[0], want[1])
		})
	}
}

func TestNoProgram(t *testing.T) {
	f, err := runtime.New(runtime.Config{Program: "/nowhere/bootstrap"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Invoke(t.Context(), []byte("{}")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is no such program", err)
	}
	f.Close()
}

func TestOutput(t *testing.T) {
	var output bytes.Buffer
	f := newFunction(t, runtime.Config{Output: &output})
	answer, err := invoke(t, f, request{Do: "print"})
	if err != nil {
		t.Fatal(err)
	}
	f.Close() // and the output is whole
	if want := fmt.Sprintln("hello from", answer.PID); !strings.Contains(output.String(), want) {
		t.Errorf("the output is %q, want %q in it", &output, want)
	}
}

func TestClose(t *testing.T) {
	f := newFunction(t, runtime.Config{Timeout: time.Hour})
	entered := make(chan struct{})
	address := serve(t, &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})})
	failed := make(chan error)
	go func() {
		_, err := invoke(t, f, request{Until: address})
		failed <- err
	}()
	<-entered
	f.Close()
	wantError(t, <-failed, "Runtime.ExitError", "killed")
	if _, err := invoke(t, f, request{}); err == nil {
		t.Error("an invocation succeeded after Close")
	}
}
