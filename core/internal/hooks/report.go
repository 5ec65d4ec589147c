package hooks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/fanql/fanql/ports"
)

// Public is what a client may read of an error that user code returned.
func (c Calls) Public(ctx context.Context, err error) *ports.PublicError {
	err = c.formatError(ctx, err)
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		return public
	}
	if refused, ok := errors.AsType[*ports.Refusal](err); ok {
		return &ports.PublicError{Message: refused.Reason}
	}
	c.Report(ctx, "a resolver failed", err)
	return &ports.PublicError{Message: InternalError}
}

// InternalError is all that a client learns of a failure that is not its own.
const InternalError = "internal error"

// Report hands a failure that no caller will see to OnError and to the log.
func (c Calls) Report(ctx context.Context, doing string, err error, attributes ...slog.Attr) {
	attributes = append(attributes, slog.String("error", err.Error()))
	c.Logger.LogAttrs(ctx, slog.LevelError, doing, attributes...)
	c.onError(ctx, fmt.Errorf("%s: %w", doing, err))
}

// Connection names a connection in a report.
func Connection(id ports.ConnectionID) slog.Attr {
	return slog.String("connection", string(id))
}

// Refusal finds the *ports.Refusal in a hook's error, completed with defaults.
func Refusal(err error) (ports.Refusal, bool) {
	var refused ports.Refusal
	if found, ok := errors.AsType[*ports.Refusal](err); ok {
		refused = *found
	} else if public, ok := errors.AsType[*ports.PublicError](err); ok {
		refused.Reason = public.Message
	} else {
		return refused, false
	}
	refused.Status = cmp.Or(refused.Status, 403)
	refused.Code = cmp.Or(refused.Code, ports.CloseForbidden)
	refused.Reason = cmp.Or(refused.Reason, "Forbidden")
	return refused, true
}
