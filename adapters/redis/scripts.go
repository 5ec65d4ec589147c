package redis

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"
)

// script is one of the files in lua, without their ending.
type script struct {
	name, source string
	// hashed is the script with its digest, which is not made before it is needed: to
	// hash all scripts is a seventh of what a Lambda function on Redis does as it starts.
	hashed func() *goredis.Script
}

func newScript(name, source string) *script {
	return &script{name: name, source: source, hashed: sync.OnceValue(func() *goredis.Script { return goredis.NewScript(source) })}
}

// failure names the script, and the command where Redis says in which line it was:
// Redis itself only has a digest for the script.
func (s *script) failure(err error) error {
	where := "script " + s.name
	if command := s.commandOf(err.Error()); command != "" {
		where += ", command " + command
	}
	return &scriptError{where: where, err: err}
}

// commandOf is the command in the line that an error's text speaks of.
func (s *script) commandOf(text string) string {
	found := regexp.MustCompile(`user_script: ?(\d+)`).FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	number, err := strconv.Atoi(found[1])
	lines := strings.Split(s.source, "\n")
	if err != nil || number < 1 || number > len(lines) {
		return ""
	}
	called := regexp.MustCompile(`redis\.p?call\('(\w+)'`).FindStringSubmatch(lines[number-1])
	if called == nil {
		return ""
	}
	return called[1]
}

// scriptError is an error with the script that it is of.
type scriptError struct {
	where string
	err   error
}

func (e *scriptError) Error() string { return e.where + ": " + e.err.Error() }

func (e *scriptError) Unwrap() error { return e.err }

// call is one script on the keys of one slot. Redis knows it by its digest, and
// is sent the whole where it does not.
type call struct {
	script *script
	keys   []string
	args   []any
}

// run runs a script and returns its answer; nil for nothing.
func run(ctx context.Context, client goredis.UniversalClient, c call) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	reply, err := c.script.hashed().Run(ctx, client, c.keys, c.args...).Result()
	switch {
	case err == nil, errors.Is(err, goredis.Nil):
		return reply, nil
	default:
		return nil, c.script.failure(err)
	}
}

// runAll runs scripts, in any slots and no order, in one round trip. It fails
// with the first error, when the others may have been carried out.
func runAll(ctx context.Context, client goredis.UniversalClient, calls []call) error {
	switch len(calls) {
	case 0:
		return ctx.Err()
	case 1:
		_, err := run(ctx, client, calls[0])
		return err
	}
	unknown, err := pipeline(ctx, client, calls, (*goredis.Script).EvalSha)
	if err == nil && len(unknown) > 0 {
		_, err = pipeline(ctx, client, unknown, (*goredis.Script).Eval)
	}
	return err
}

// pipeline sends scripts together, and returns those that Redis did not know.
func pipeline(
	ctx context.Context, client goredis.UniversalClient, calls []call,
	send func(*goredis.Script, context.Context, goredis.Scripter, []string, ...any) *goredis.Cmd,
) (unknown []call, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	pipe := client.Pipeline()
	commands := make([]*goredis.Cmd, len(calls))
	for i, c := range calls {
		commands[i] = send(c.script.hashed(), ctx, pipe, c.keys, c.args...)
	}
	_, _ = pipe.Exec(ctx) // Every command has its own error.
	for i, command := range commands {
		switch failed := command.Err(); {
		case goredis.HasErrorPrefix(failed, "NOSCRIPT"):
			unknown = append(unknown, calls[i])
		case failed != nil && !errors.Is(failed, goredis.Nil) && err == nil:
			err = calls[i].script.failure(failed)
		}
	}
	return unknown, err
}
