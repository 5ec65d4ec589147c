package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fanql/fanql/ports"
)

// line prints one line.
func (s *settings) line(format string, values ...any) error {
	_, err := fmt.Fprintf(s.out, format+"\n", values...)
	return err
}

// value prints one value as JSON, on one line.
func (s *settings) value(of any) error {
	encoder := json.NewEncoder(s.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(of)
}

// table prints rows in columns. A row that is nil is left out, and one of a single cell
// is a line of its own.
func table(to io.Writer, rows ...[]string) error {
	const gap = 2
	var widths []int
	for _, row := range rows {
		for i := range len(row) - 1 {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	for _, row := range rows {
		if row == nil {
			continue
		}
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+gap))
			}
		}
		if _, err := fmt.Fprintln(to, line.String()); err != nil {
			return err
		}
	}
	return nil
}

// printable is a text that a client may have chosen, on one line and without what
// commands a terminal.
func printable(text string) string {
	bad := func(r rune) bool { return !unicode.IsGraphic(r) || r == unicode.ReplacementChar }
	if text != "" && !strings.ContainsFunc(text, bad) {
		return text
	}
	return strconv.QuoteToGraphic(text)
}

// moment is an instant for people; never where there is none.
func moment(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.UTC().Format(time.RFC3339)
}

// stamp is an instant in JSON, which has none where it is zero.
func stamp(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// place says whether a subscriber is live, or from where it is behind.
func place(of ports.Place) string {
	if of.Live() {
		return "live"
	}
	return "behind from " + printable(of.From.String())
}

// number counts things of a name.
func number(n int, name string) string {
	if n == 1 {
		return "1 " + name
	}
	return strconv.Itoa(n) + " " + name + "s"
}

// raw is stored text in JSON: as it is where it is JSON itself, else as a string.
func raw(text []byte) any {
	switch {
	case len(text) == 0:
		return nil
	case json.Valid(text):
		return json.RawMessage(text)
	}
	return string(text)
}
