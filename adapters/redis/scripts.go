package redis

import (
	"context"
	"errors"

	goredis "github.com/redis/go-redis/v9"
)

// call is one script on the keys of one slot. Redis knows it by its digest, and
// is sent the whole where it does not.
type call struct {
	script *goredis.Script
	keys   []string
	args   []any
}

// run runs a script and returns its answer; nil for nothing.
func run(ctx context.Context, client goredis.UniversalClient, c call) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	reply, err := c.script.Run(ctx, client, c.keys, c.args...).Result()
	if errors.Is(err, goredis.Nil) {
		err = nil
	}
	return reply, err
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
		commands[i] = send(c.script, ctx, pipe, c.keys, c.args...)
	}
	_, _ = pipe.Exec(ctx) // Every command has its own error.
	for i, command := range commands {
		switch failed := command.Err(); {
		case goredis.HasErrorPrefix(failed, "NOSCRIPT"):
			unknown = append(unknown, calls[i])
		case failed != nil && !errors.Is(failed, goredis.Nil) && err == nil:
			err = failed
		}
	}
	return unknown, err
}
