package document

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/fanql/fanql/ports"
)

const (
	// maxProblems is after how many problems a document is read no further.
	maxProblems = 10
	// maxMessage bounds a message, in bytes as JSON: ten of them, with their
	// locations, are less than 16 KiB.
	maxMessage = 1200
)

// problems collects what is wrong with a document.
type problems struct {
	text  string
	list  []problem
	ended bool
}

type problem struct {
	message string
	// at are offsets in the text, in code points.
	at        []int
	locations []ports.Location
}

func (p *problems) found() bool { return len(p.list) > 0 }

// full tells that nothing more is to be looked for.
func (p *problems) full() bool { return p.ended || len(p.list) >= maxProblems }

// add adds a problem at a node of the document.
func (p *problems) add(at *ast.Position, format string, args ...any) {
	p.addAt([]*ast.Position{at}, format, args...)
}

func (p *problems) addAt(at []*ast.Position, format string, args ...any) {
	if p.full() {
		return
	}
	found := problem{message: fmt.Sprintf(format, args...)}
	for _, position := range at {
		found.at = append(found.at, position.Start)
	}
	p.list = append(p.list, found)
}

// only makes one problem of the whole document the only one.
func (p *problems) only(message string) {
	p.list, p.ended = []problem{{message: message}}, true
}

// addByte adds a problem at an offset in bytes; it counts the text up to there.
func (p *problems) addByte(offset int, format string, args ...any) {
	p.list = append(p.list, problem{
		message: fmt.Sprintf(format, args...),
		at:      []int{utf8.RuneCountInString(p.text[:offset])},
	})
}

// addSyntax adds what gqlparser's parser has found.
func (p *problems) addSyntax(err error) {
	found := problem{message: "Syntax Error: " + err.Error()}
	if at := (*gqlerror.Error)(nil); errors.As(err, &at) {
		found.message = "Syntax Error: " + at.Message
		for _, location := range at.Locations {
			// The column of a block string is counted from its last line: it may be
			// less than 1.
			if location.Column > 0 {
				found.locations = append(found.locations, ports.Location{Line: location.Line, Column: location.Column})
			}
		}
	}
	p.list = append(p.list, found)
}

// errors makes them what a client reads. Locations are found in one pass over the
// text.
func (p *problems) errors() ports.ResponseErrors {
	p.locate()
	list := make(ports.ResponseErrors, len(p.list))
	for i, found := range p.list {
		message, whole := cut(found.message, maxMessage)
		if !whole {
			message += "…"
		}
		list[i] = ports.ResponseError{Message: message, Locations: found.locations}
	}
	return list
}

func (p *problems) locate() {
	type place struct {
		offset int
		of     *problem
	}
	var places []place
	for i := range p.list {
		for _, offset := range p.list[i].at {
			places = append(places, place{offset, &p.list[i]})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return a.offset - b.offset })
	offset, line, column := 0, 1, 1
	for _, r := range p.text {
		for len(places) > 0 && places[0].offset == offset {
			places[0].of.locations = append(places[0].of.locations, ports.Location{Line: line, Column: column})
			places = places[1:]
		}
		if len(places) == 0 {
			return
		}
		offset++
		column++
		if r == '\n' || r == '\r' {
			line, column = line+1, 1
		}
	}
	for _, place := range places {
		place.of.locations = append(place.of.locations, ports.Location{Line: line, Column: column})
	}
}

// cut returns as much of a text as has room in so many bytes of JSON, and whether
// that is all of it.
func cut(text string, room int) (_ string, whole bool) {
	for i, r := range text {
		switch {
		case r < ' ' || r == utf8.RuneError || r == '\u2028' || r == '\u2029':
			room -= len(`\u0000`)
		case r == '"' || r == '\\':
			room -= 2
		default:
			room -= utf8.RuneLen(r)
		}
		if room < 0 {
			return text[:i], false
		}
	}
	return text, true
}
