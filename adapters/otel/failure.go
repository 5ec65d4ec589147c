package otel

import (
	"context"
	"errors"

	"github.com/fanql/fanql/ports"
)

// failure is an error without its text, which may hold what a user's hook put
// there.
type failure struct {
	// kind is the attribute error.type; "" where there is no error.
	kind string
	// expected is true for what belongs to the life of connections.
	expected bool
}

func classify(err error) failure {
	if err == nil {
		return failure{}
	}
	if _, refused := errors.AsType[*ports.Refusal](err); refused {
		return failure{"refused", true}
	}
	for _, known := range []struct {
		err error
		failure
	}{
		{ports.ErrGone, failure{"gone", true}},
		{ports.ErrUnfinished, failure{"unfinished", true}},
		{ports.ErrCancelled, failure{"cancelled", true}},
		{context.Canceled, failure{"cancelled", true}},
		{context.DeadlineExceeded, failure{"timeout", false}},
		{ports.ErrThrottled, failure{"throttled", false}},
		{ports.ErrTooLarge, failure{"too_large", false}},
		{ports.ErrTooMany, failure{"too_many", false}},
		{ports.ErrConflict, failure{"conflict", false}},
		{ports.ErrNotFound, failure{"not_found", false}},
		{ports.ErrInvalid, failure{"invalid", false}},
	} {
		if errors.Is(err, known.err) {
			return known.failure
		}
	}
	return failure{"_OTHER", false}
}
