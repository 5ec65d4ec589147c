package ports_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fanql/fanql/ports"
)

type text struct{ of string }

func (e *text) Error() string { return e.of }

type broken struct{ error, unwrap, is, as bool }

func throwIf(wrong bool) {
	if wrong {
		panic("broken")
	}
}

func (e broken) Error() string  { throwIf(e.error); return "broken" }
func (e broken) Unwrap() error  { throwIf(e.unwrap); return nil }
func (e broken) Is(error) bool  { throwIf(e.is); return false }
func (e broken) As(any) bool    { throwIf(e.as); return false }
func (e broken) String() string { panic("broken") }

type circle struct{}

func (circle) Error() string   { return "circle" }
func (c circle) Unwrap() error { return c }

func recovered(call func() error) (err error) {
	defer ports.Recover(&err)
	return call()
}

func TestErrorsThatCannotBeReadAreReplaced(t *testing.T) {
	for name, err := range map[string]error{
		"a nil pointer":              (*text)(nil),
		"a nil PublicError":          (*ports.PublicError)(nil),
		"a nil Error":                (*ports.Error)(nil),
		"a nil PublicError, wrapped": fmt.Errorf("x: %w", (*ports.PublicError)(nil)),
		"a nil pointer, joined":      errors.Join(errors.New("x"), (*text)(nil)),
		"a nil pointer as the cause": &ports.PublicError{Message: "x", Err: (*text)(nil)},
		"a panic of Error":           broken{error: true},
		"a panic of Unwrap":          broken{unwrap: true},
		"a panic of Is":              broken{is: true},
		"a panic of As":              broken{as: true},
		"one that wraps itself":      circle{},
		"one that is wrapped too often": func() error {
			err := errors.New("x")
			for range 2000 {
				err = &ports.Error{Err: err}
			}
			return err
		}(),
	} {
		got := recovered(func() error { return err })
		if !strings.Contains(got.Error(), fmt.Sprintf("an error of type %T, which", err)) || errors.Unwrap(got) != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestErrorsThatCanBeReadAreKept(t *testing.T) {
	for _, err := range []error{nil, errors.New("x"), ports.Public("x"), fmt.Errorf("x: %w", ports.ErrSkip), &ports.Error{}, broken{}} {
		if got := recovered(func() error { return err }); got != err { //nolint:errorlint // it is the same one
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestPanicsAreErrorsThatUnwrapToNothing(t *testing.T) {
	itself := map[string]any{}
	itself["itself"] = itself
	for want, value := range map[string]any{
		"panic: secret": errors.New("secret"),
		"panic: text":   "text",
		"panic: 7":      7,
		"panic: a value of type map[string]interface {}":   itself,
		"panic: a value of type []interface {}":            []any{itself},
		"panic: a value of type struct { A interface {} }": struct{ A any }{itself},
		"panic: a value of type *map[string]interface {}":  &itself,
		"panic: panic called with nil argument":            nil,
		"PANIC=":                                           broken{error: true},
	} {
		got := recovered(func() error { panic(value) })
		if !strings.Contains(got.Error(), want) || errors.Unwrap(got) != nil {
			t.Errorf("%s: %v", want, got)
		}
	}
}
