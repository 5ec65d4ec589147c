package core

import (
	"encoding/json"
	"errors"

	"github.com/graphql-go/graphql/gqlerrors"
	"github.com/graphql-go/graphql/language/location"
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
