package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/fanql/fanql/ports"
)

// Public is an error that clients may read, formatted as by fmt.Sprintf. Resolvers
// and hooks may return it alike. Extensions, a status or a close code are set on a
// *ports.PublicError itself.
func Public(format string, args ...any) error {
	return &ports.PublicError{Message: fmt.Sprintf(format, args...)}
}

// internalError is all that a client learns of a failure that is not its own.
const internalError = "internal error"

// public is what a client may read of an error that user code returned.
func (e *Engine) public(ctx context.Context, err error) *ports.PublicError {
	err = e.callFormatError(ctx, err)
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		return public
	}
	if refused, ok := errors.AsType[*ports.Refusal](err); ok {
		return &ports.PublicError{Message: refused.Reason}
	}
	e.report(ctx, "a resolver failed", err)
	return &ports.PublicError{Message: internalError}
}
