package sdl

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// AppendValue writes a literal as graphql-js does. Block strings become strings.
func AppendValue(b []byte, literal *ast.Value) []byte {
	opening, closing := byte('['), byte(']')
	switch literal.Kind {
	case ast.ListValue:
	case ast.ObjectValue:
		opening, closing = '{', '}'
	case ast.NullValue:
		return append(b, "null"...)
	case ast.StringValue, ast.BlockValue:
		return append(b, Quote(literal.Raw)...)
	default:
		return append(b, literal.Raw...)
	}
	b = append(b, opening)
	for i, child := range literal.Children {
		if i > 0 {
			b = append(b, ", "...)
		}
		if literal.Kind == ast.ObjectValue {
			b = append(append(b, child.Name...), ": "...)
		}
		b = AppendValue(b, child.Value)
	}
	return append(b, closing)
}

// Quote makes a string literal (GraphQL, section 2.9.4).
func Quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\f':
			b.WriteString(`\f`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < ' ' || r >= 0x7f && r < 0xa0:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// description writes one above what it describes, with a blank line above that unless
// it is the first of its block.
func (p *printer) description(text, indentation string, first bool) {
	if text == "" {
		return
	}
	if indentation != "" && !first {
		p.write("\n")
	}
	literal := Quote(text)
	if isBlock(text) {
		literal = quoteBlock(text)
	}
	p.write(indentation, strings.ReplaceAll(literal, "\n", "\n"+indentation), "\n")
}

// isBlock reports whether a block string can hold a text: without blank lines at
// its ends, indentation that all lines have, and characters that would have to be
// escaped.
func isBlock(text string) bool {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' }) {
		return false
	}
	lines := strings.Split(text, "\n")
	if isBlank(lines[0]) && len(lines) > 1 || isBlank(lines[len(lines)-1]) {
		return false
	}
	if len(lines) == 1 {
		return true
	}
	for _, line := range lines {
		if !isBlank(line) && !startsBlank(line) {
			return true
		}
	}
	return false // all lines are indented
}

func isBlank(line string) bool { return strings.Trim(line, " \t") == "" }

func startsBlank(line string) bool { return line != "" && (line[0] == ' ' || line[0] == '\t') }

// longest is how long a text may be that is on the line of its quotes.
const longest = 70

// quoteBlock makes a block string. Quotes and backslashes at the end are kept apart
// from the quotes that close it.
func quoteBlock(text string) string {
	escaped := strings.ReplaceAll(text, `"""`, `\"""`)
	lines := strings.Split(escaped, "\n")
	trailing := strings.HasSuffix(text, `"`) || strings.HasSuffix(text, `\`)
	multiple := len(lines) > 1 || utf16Length(text) > longest || trailing
	var b strings.Builder
	b.WriteString(`"""`)
	if multiple && (len(lines) > 1 || !startsBlank(text)) { // a line break would strip the indentation
		b.WriteByte('\n')
	}
	b.WriteString(escaped)
	if multiple {
		b.WriteByte('\n')
	}
	b.WriteString(`"""`)
	return b.String()
}

// utf16Length is the length of a string in JavaScript.
func utf16Length(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}
