package redis

import (
	"context"
	"errors"
	"slices"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

// failure is the error of a call for what the client said; nil for nil.
func failure(op string, err error) error {
	if err == nil {
		return nil
	}
	return &ports.Error{Op: "redis." + op, Kind: kindOf(err), Err: withoutArguments(err)}
}

// refusal is the error of a call that this package turns down.
func refusal(op string, kind error) error {
	return &ports.Error{Op: "redis." + op, Kind: kind}
}

// ended is the error of a call whose context has ended, and nil before that.
func ended(ctx context.Context, op string) error { return failure(op, ctx.Err()) }

// kindOf is ErrThrottled for what was refused for now: by a server that is
// loading, full, out of clients, failing over or losing its replicas, or by the
// pool of connections. MOVED and ASK are the client's own affair. Everything else
// has no kind, because the command may have been carried out.
func kindOf(err error) error {
	if of, ok := errors.AsType[*scriptError](err); ok {
		err = of.err // Of some errors the client goes by how their text begins.
	}
	switch {
	case errors.Is(err, goredis.ErrPoolTimeout), errors.Is(err, goredis.ErrPoolExhausted),
		goredis.IsLoadingError(err), goredis.IsReadOnlyError(err), goredis.IsClusterDownError(err),
		goredis.IsTryAgainError(err), goredis.IsMasterDownError(err), goredis.IsMaxClientsError(err),
		goredis.IsOOMError(err), goredis.IsNoReplicasError(err),
		goredis.HasErrorPrefix(err, "BUSY "), goredis.HasErrorPrefix(err, "MISCONF "):
		return ports.ErrThrottled
	}
	return nil
}

// isForbidden is true where the server does not have a command, or an ACL withholds
// it, so that asking again is of no use.
func isForbidden(err error) bool {
	return goredis.HasErrorPrefix(err, "NOPERM") || goredis.HasErrorPrefix(err, "unknown command") ||
		err != nil && slices.ContainsFunc([]string{
			"The user executing the script can't run this command", // Redis up to 7.0,
			"ACL failure in script: ",                              // Redis 8 and Valkey, of a command in a script
		}, func(text string) bool { return strings.Contains(err.Error(), text) })
}

// argumentsQuoted begins the part of a server's error that quotes the command.
const argumentsQuoted = ", with args beginning with"

// withoutArguments keeps an error from telling what was sent: Redis repeats the
// arguments of a command that it does not know, as where EVALSHA is renamed.
func withoutArguments(err error) error {
	if text, _, found := strings.Cut(err.Error(), argumentsQuoted); found {
		return &shortened{text: text, err: err}
	}
	return err
}

// shortened is an error with less text.
type shortened struct {
	text string
	err  error
}

func (s *shortened) Error() string { return s.text }

func (s *shortened) Unwrap() error { return s.err }
