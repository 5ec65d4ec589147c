package hooks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/fanql/fanql/ports"
)

// Public is what a client may read of an error that user code returned. FormatError is
// asked about the error itself, and what is reported has its field.
func (c Calls) Public(ctx context.Context, err error) *ports.PublicError {
	at, hasField := err.(*ports.FieldError) //nolint:errorlint // the outermost one is the schema's
	if hasField {
		err = at.Err
	}
	err = c.formatError(ctx, err)
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		return public
	}
	if hasField {
		c.Report(ctx, "a resolver failed", &ports.FieldError{Field: at.Field, Err: err}, slog.String("field", at.Field))
	} else {
		c.Report(ctx, "a resolver failed", err)
	}
	return &ports.PublicError{Message: InternalError}
}

// InternalError is all that a client learns of a failure that is not its own.
const InternalError = "internal error"

// Report hands a failure that no caller will see to OnError and to the log. What ended
// because ctx was cancelled is none: a client has left or given up, or the process stops.
func (c Calls) Report(ctx context.Context, doing string, err error, attributes ...slog.Attr) {
	if errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	attributes = append(attributes, slog.String("error", err.Error()))
	c.Logger.LogAttrs(ctx, slog.LevelError, doing, attributes...)
	c.onError(ctx, fmt.Errorf("%s: %w", doing, err))
}

// Connection names a connection in a report.
func Connection(id ports.ConnectionID) slog.Attr {
	return slog.String("connection", string(id))
}

// Refusal is the refusal that a hook's error means, completed with defaults; false
// for an error that clients may not read.
func Refusal(err error) (ports.Refusal, bool) {
	public, ok := errors.AsType[*ports.PublicError](err)
	if !ok {
		return ports.Refusal{}, false
	}
	return ports.Refusal{
		Status: cmp.Or(public.Status, http.StatusForbidden),
		Code:   cmp.Or(public.Code, ports.CloseForbidden),
		Reason: cmp.Or(public.Message, "Forbidden"),

		Extensions: public.Extensions,
	}, true
}
