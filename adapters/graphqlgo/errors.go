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

// guard calls user code and makes an error of a panic. The error unwraps to nothing:
// what user code panics with is not for clients, whatever it is.
func guard(call func() (any, error)) (value any, err error) {
	defer recovered(&err)
	return call()
}

// recovered is to be deferred where user code is called.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v", r)
	}
}

// unwrapped lets errors.Is and errors.As find what graphql-go's own errors hold,
// which they do not unwrap to.
func unwrapped(err error) error {
	var cause error
	if formatted, ok := errors.AsType[gqlerrors.FormattedError](err); ok {
		cause = formatted.OriginalError()
	} else if located, ok := errors.AsType[*gqlerrors.Error](err); ok {
		cause = located.OriginalError
	} else if located, ok := errors.AsType[gqlerrors.Error](err); ok {
		cause = located.OriginalError
	}
	if cause == nil {
		return err
	}
	return &wrapped{err, unwrapped(cause)}
}

// wrapped is an error of graphql-go with the error that it was made of.
type wrapped struct {
	error
	cause error
}

func (w *wrapped) Unwrap() []error { return []error{w.error, w.cause} }
