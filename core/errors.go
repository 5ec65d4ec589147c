package core

import (
	"errors"

	"github.com/fanql/fanql/ports"
)

// Public is an error that clients may read, formatted as by fmt.Sprintf. Resolvers
// and hooks may return it alike. Extensions, a status or a close code are set on a
// *ports.PublicError itself.
func Public(format string, args ...any) error {
	return ports.Public(format, args...)
}

// invalid is the error of a call that no repetition mends.
func invalid(op, text string) error {
	return &ports.Error{Op: "core." + op, Kind: ports.ErrInvalid, Err: errors.New(text)}
}
