package input

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/ports"
)

// The bounds of errors, whatever a client sends (ports.Schema).
const (
	maxErrors       = 10
	maxErrorsBytes  = 16 << 10
	maxMessageBytes = 1500
	maxQuotedBytes  = 100 // of a value or a name within a message
	maxPathBytes    = 300
	maxTypeLists    = 10 // of a type in a message
)

// errorList keeps the first errors, as many as may be returned.
type errorList struct {
	list  ports.ResponseErrors
	bytes int
	full  bool
}

func (l *errorList) add(e ports.ResponseError) {
	if l.full {
		return
	}
	e.Message = cutTo(maxMessageBytes, e.Message)
	size := len(ports.ResponseErrors{e}.AppendJSON(nil))
	if l.bytes+size > maxErrorsBytes {
		e.Extensions = nil
		size = len(ports.ResponseErrors{e}.AppendJSON(nil))
	}
	if l.bytes+size > maxErrorsBytes {
		l.full = true
		return
	}
	l.list, l.bytes = append(l.list, e), l.bytes+size
	l.full = len(l.list) == maxErrors
}

// literalFailure is an error of the request about a literal.
func literalFailure(err error) ports.ResponseError {
	e := ports.ResponseError{Message: err.Error()}
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		e.Message, e.Extensions = public.Message, public.Extensions
	}
	if failure, ok := errors.AsType[*leafError](err); ok {
		e.Message = fmt.Sprintf(`Expected value of type "%s". %s`, failure.of.Name, e.Message)
	}
	if literal, ok := errors.AsType[*literalError](err); ok && literal.at != nil {
		e.Locations = []ports.Location{{Line: literal.at.Line, Column: literal.at.Column}}
	}
	return e
}

// path leads to a value within a variable.
type path []step

type step struct {
	name  string // of a field
	index int    // of an item of a list, without a name
}

func (p path) text(variable string) string {
	b := append([]byte(nil), cut(variable)...)
	for _, s := range p {
		if s.name != "" {
			b = append(append(b, '.'), s.name...)
		} else {
			b = append(strconv.AppendInt(append(b, '['), int64(s.index), 10), ']')
		}
		if len(b) > maxPathBytes {
			break
		}
	}
	return cutTo(maxPathBytes, string(b))
}

// cut shortens a name or a value for a message.
func cut(text string) string { return cutTo(maxQuotedBytes, text) }

func cutTo(length int, text string) string {
	if len(text) <= length {
		return text
	}
	for length > 0 && !utf8.RuneStart(text[length]) {
		length--
	}
	return text[:length] + "..."
}

// typeName is a type as it is written, but for lists in lists that no schema has.
func typeName(of *ast.Type) string {
	lists := 0
	for inner := of; inner.Elem != nil; inner = inner.Elem {
		lists++
	}
	if lists > maxTypeLists {
		return "[..." + of.Name() + "...]"
	}
	return of.String()
}
