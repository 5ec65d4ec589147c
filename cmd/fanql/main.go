// Fanql is the command line for operators of FanQL on DynamoDB and on Redis: it shows
// what is published, who is subscribed and what one connection has, publishes,
// disconnects, delivers dead letters after all, and says what is wrong with a set-up.
//
//	fanql -stack fanql-chat who room/42
//	fanql -redis-addresses localhost:6379 -redis-tls off -redis-cluster off doctor
//
// Flags bear the names of the environment variables of the functions:
// FANQL_REDIS_ADDRESSES is -redis-addresses. What it prints is for people, and JSON
// with -json. Payloads, requests and states it shows only where a flag asks for them.
//
// The exit code is 0, 1 after a failure and where doctor finds something wrong, and 2
// where the command line itself is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{
		in: os.Stdin, out: os.Stdout, log: os.Stderr, lookup: os.LookupEnv, now: time.Now,
		aws: func(*config.LoadOptions) error { return nil },
	}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// program is the command with the world that it runs in.
type program struct {
	in       io.Reader
	out, log io.Writer
	// lookup reads environment variables.
	lookup func(name string) (string, bool)
	now    func() time.Time
	// aws changes how the SDK's configuration is loaded.
	aws func(*config.LoadOptions) error
}

// The exit codes.
const (
	codeDone    = 0
	codeFailed  = 1
	codeMisused = 2
)

// usageError says what is wrong with the command line or the environment.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func misused(format string, values ...any) error { return &usageError{fmt.Sprintf(format, values...)} }

// errWrong ends a command that has already said what is wrong.
var errWrong = errors.New("something is wrong")

// run runs one command line, and returns the exit code.
func (p *program) run(ctx context.Context, arguments []string) int {
	err := p.root().Run(ctx, append([]string{"fanql"}, arguments...))
	switch {
	case err == nil:
		return codeDone
	case errors.Is(err, errWrong):
		return codeFailed
	}
	fmt.Fprintln(p.log, "fanql:", err) //nolint:errcheck // there is nowhere else to say it
	if _, wrong := errors.AsType[*usageError](err); wrong {
		return codeMisused
	}
	return codeFailed
}
