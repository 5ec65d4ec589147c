package ports

import (
	"errors"
	"fmt"
	"reflect"
)

// Recover is to be deferred where user code is called that returns an error. It makes
// an error of a panic, whatever its value. An error whose own methods panic, as those
// of a nil pointer do that became an error, is replaced by one that says so: whoever
// reads the error is safe. What Recover makes unwraps to nothing.
func Recover(err *error) {
	if r := recover(); r != nil {
		*err = Panicked(r)
	} else if *err != nil {
		*err = readable(*err)
	}
}

// Panicked is the error that a panic with the value is.
func Panicked(value any) error { return errors.New("panic: " + panicText(value)) }

// panicText is the text of a value that has one. Others are named by their type: they
// may hold themselves, and could not be printed then.
func panicText(value any) string {
	switch value.(type) {
	case error, fmt.Stringer:
		return fmt.Sprint(value) // also if it panics
	}
	switch reflect.ValueOf(value).Kind() {
	case reflect.Array, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice, reflect.Struct:
		return fmt.Sprintf("a value of type %T", value)
	default:
		return fmt.Sprint(value)
	}
}

// maxWrapped is how many errors there may be in one, itself included.
const maxWrapped = 1000

// readable calls the methods by which errors are read.
func readable(err error) (checked error) {
	defer func() {
		if r := recover(); r != nil {
			checked = fmt.Errorf("an error of type %T, which cannot be read: %s", err, panicText(r))
		}
	}()
	if countWrapped(err, maxWrapped) < 0 {
		return fmt.Errorf("an error of type %T, which wraps more than %d errors, or itself", err, maxWrapped)
	}
	_ = errors.Is(err, ErrSkip)
	if public, ok := errors.AsType[*PublicError](err); ok {
		_ = public.Message
	}
	_ = err.Error()
	return err
}

// countWrapped counts an error, and those that it wraps, down from a number. It stops
// below 0.
func countWrapped(err error, left int) int {
	left--
	switch err := err.(type) { //nolint:errorlint // it is what unwraps errors
	case interface{ Unwrap() error }:
		if wrapped := err.Unwrap(); wrapped != nil && left >= 0 {
			left = countWrapped(wrapped, left)
		}
	case interface{ Unwrap() []error }:
		for _, wrapped := range err.Unwrap() {
			if wrapped != nil && left >= 0 {
				left = countWrapped(wrapped, left)
			}
		}
	}
	return left
}
