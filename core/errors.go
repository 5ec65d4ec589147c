package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/graphql-go/graphql/gqlerrors"
	"github.com/graphql-go/graphql/language/location"

	"github.com/fanql/fanql/ports"
)

// responseError is a GraphQL error as the client reads it. Unlike graphql-go's,
// it leaves out locations where there are none, as the specification asks
// (GraphQL, section 7.1.2).
type responseError struct {
	Message    string                    `json:"message"`
	Locations  []location.SourceLocation `json:"locations,omitempty"`
	Path       []any                     `json:"path,omitempty"`
	Extensions map[string]any            `json:"extensions,omitempty"`
}

// responseErrors is a non-empty list of them.
type responseErrors []responseError

func newErrors(messages ...string) responseErrors {
	list := make(responseErrors, len(messages))
	for i, message := range messages {
		list[i].Message = message
	}
	return list
}

func formatErrors(formatted []gqlerrors.FormattedError) responseErrors {
	list := make(responseErrors, len(formatted))
	for i, err := range formatted {
		list[i] = responseError{err.Message, err.Locations, err.Path, err.Extensions}
	}
	return list
}

// encode is the list as JSON. What an error's extensions hold is the user's, and
// may have no JSON; then the messages alone are sent.
func (list responseErrors) encode() []byte {
	encoded, err := json.Marshal(list)
	if err == nil {
		return encoded
	}
	plain := make(responseErrors, len(list))
	for i := range list {
		plain[i].Message = list[i].Message
	}
	encoded, _ = json.Marshal(plain) // strings always have a JSON
	return encoded
}

// Public is an error that clients may read, formatted as by fmt.Sprintf.
func Public(format string, args ...any) error {
	return &PublicError{Message: fmt.Sprintf(format, args...)}
}

// PublicError is an error that a client may read: of all other errors that
// resolvers return, and of panics, it is told "internal error", and they go to
// OnError and the log. It counts wherever errors.As finds it; what is wrapped
// around it stays private.
type PublicError struct {
	// Message is what the client reads.
	Message string
	// Extensions, if any, are those of the GraphQL error, a code for programs say.
	Extensions map[string]any
	// Err is the cause, which the client does not read; may be nil.
	Err error
}

// Error is the message, and the cause.
func (e *PublicError) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap is the cause.
func (e *PublicError) Unwrap() error { return e.Err }

// shown is what a client may read of what went wrong while its operation was
// executed. Errors without a path are graphql-go's own, about the request.
func (e *Engine) shown(ctx context.Context, formatted []gqlerrors.FormattedError) responseErrors {
	list := formatErrors(formatted)
	for i := range list {
		if len(list[i].Path) == 0 || strings.HasPrefix(list[i].Message, nullViolation) {
			continue
		}
		public := e.public(ctx, original(formatted[i]))
		list[i].Message, list[i].Extensions = public.Message, public.Extensions
	}
	return list
}

// nullViolation begins graphql-go's complaint about a resolver that returned a
// null where the schema has none. It names the field and nothing else.
const nullViolation = "Cannot return null for non-nullable field "

// public is what a client may read of an error that user code returned.
func (e *Engine) public(ctx context.Context, err error) *PublicError {
	err = e.callFormatError(ctx, err)
	if public, ok := errors.AsType[*PublicError](err); ok {
		return public
	}
	if refused, ok := errors.AsType[*ports.Refusal](err); ok {
		return &PublicError{Message: refused.Reason}
	}
	e.report(ctx, "a resolver failed", err)
	return &PublicError{Message: internalError}
}

// skipped reports whether the subscription's own field returned ErrSkip.
func skipped(formatted []gqlerrors.FormattedError) bool {
	for _, err := range formatted {
		if len(err.Path) == 1 && errors.Is(original(err), ErrSkip) {
			return true
		}
	}
	return false
}

// original digs the resolver's own error out of graphql-go's wrappings, which
// know nothing of errors.Unwrap.
func original(err error) error {
	for {
		switch wrapped := err.(type) { //nolint:errorlint // graphql-go's wrappings have no Unwrap; this loop is it
		case gqlerrors.FormattedError:
			if wrapped.OriginalError() == nil {
				return err
			}
			err = wrapped.OriginalError()
		case *gqlerrors.Error:
			if wrapped.OriginalError == nil {
				return err
			}
			err = wrapped.OriginalError
		default:
			return err
		}
	}
}
