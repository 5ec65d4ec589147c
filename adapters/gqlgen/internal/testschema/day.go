package testschema

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Day is a scalar of the user's own: YYYY-MM-DD.
type Day struct{ time.Time }

// UnmarshalGQL fails for what is no day, and panics for "panic".
func (d *Day) UnmarshalGQL(v any) error {
	text, ok := v.(string)
	if !ok {
		return errors.New("a day is a string")
	}
	if text == "panic" {
		panic(text) //nolint:forbidigo // the tests are about panics
	}
	at, err := time.Parse(time.DateOnly, text)
	d.Time = at
	return err
}

// MarshalGQL panics for the zero day.
func (d Day) MarshalGQL(w io.Writer) {
	if d.IsZero() {
		panic("no day") //nolint:forbidigo // the tests are about panics
	}
	_, _ = fmt.Fprintf(w, "%q", d.Format(time.DateOnly))
}
