package graphqlgo

import (
	"errors"
	"fmt"

	"github.com/graphql-go/graphql/gqlerrors"

	"github.com/fanql/fanql/ports"
)

// refuse is why New fails.
func refuse(format string, args ...any) error {
	return &ports.Error{Op: "graphqlgo.New", Kind: ports.ErrInvalid, Err: fmt.Errorf(format, args...)}
}

// guard calls user code as ports.Recover says.
func guard(call func() (any, error)) (value any, err error) {
	defer ports.Recover(&err)
	return call()
}

// unwrapped lets errors.Is and errors.As find what graphql-go's own errors hold,
// which they do not unwrap to.
func unwrapped(err error) error { return unwrappedTo(maxUnwrapped, err) }

// maxUnwrapped is how many errors of graphql-go may be in each other.
const maxUnwrapped = 20

func unwrappedTo(depth int, err error) error {
	var cause error
	if formatted, ok := errors.AsType[gqlerrors.FormattedError](err); ok {
		cause = formatted.OriginalError()
	} else if located, ok := errors.AsType[*gqlerrors.Error](err); ok {
		cause = located.OriginalError
	} else if located, ok := errors.AsType[gqlerrors.Error](err); ok {
		cause = located.OriginalError
	}
	if cause == nil || depth == 0 {
		return err
	}
	_, err = guard(func() (any, error) { return nil, &wrapped{err, unwrappedTo(depth-1, cause)} })
	return err
}

// wrapped is an error of graphql-go with the error that it was made of.
type wrapped struct {
	error
	cause error
}

func (w *wrapped) Unwrap() []error { return []error{w.error, w.cause} }
