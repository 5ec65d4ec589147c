package document

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

func (s *scanner) string() {
	start := s.at
	for s.at++; s.at < len(s.text) && !s.problems.found(); {
		switch s.text[s.at] {
		case '"':
			s.at++
			return
		case '\n', '\r':
			s.problems.addByte(s.at, "Syntax Error: Unterminated string.")
		case '\\':
			s.escape()
		default:
			s.character()
		}
	}
	if !s.problems.found() {
		s.problems.addByte(start, "Syntax Error: Unterminated string.")
	}
}

// character goes over a byte of a string.
func (s *scanner) character() {
	if c := s.text[s.at]; c < ' ' && c != '\t' && c != '\n' && c != '\r' {
		s.problems.addByte(s.at, "Syntax Error: Invalid character within String: %q.", string(rune(c)))
	}
	s.at++
}

// escape goes over an escape sequence. Half a surrogate pair has no value (GraphQL,
// section 2.9.4); gqlparser reads it as U+FFFD.
func (s *scanner) escape() {
	start := s.at
	s.at++
	switch {
	case s.next('u'):
		if !s.unicode() {
			s.problems.addByte(start, "Syntax Error: Invalid Unicode escape sequence: %q.", s.text[start:s.at])
		}
	case s.at < len(s.text) && strings.IndexByte(`"\/bfnrt`, s.text[s.at]) >= 0:
		s.at++
	default:
		r, _ := utf8.DecodeRuneInString(s.text[s.at:])
		s.problems.addByte(start, "Syntax Error: Invalid character escape sequence: %q.", `\`+string(r))
	}
}

// unicode goes over what follows \u, and reports whether it has a value.
func (s *scanner) unicode() bool {
	if s.next('{') {
		r, digits := s.hexadecimal(8)
		return digits > 0 && utf8.ValidRune(r) && s.next('}')
	}
	r, digits := s.hexadecimal(4)
	switch {
	case digits < 4:
		return false
	case !utf16.IsSurrogate(r):
		return true
	case !strings.HasPrefix(s.text[s.at:], `\u`):
		return false
	}
	before := s.at
	s.at += len(`\u`)
	second, digits := s.hexadecimal(4)
	if digits < 4 || utf16.DecodeRune(r, second) == utf8.RuneError {
		s.at = before
		return false
	}
	return true
}

func (s *scanner) hexadecimal(most int) (value rune, digits int) {
	for digits < most && s.at < len(s.text) {
		switch c := rune(s.text[s.at]); {
		case '0' <= c && c <= '9':
			value = value<<4 | (c - '0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			value = value<<4 | (c | 0x20 - 'a' + 10)
		default:
			return value, digits
		}
		digits++
		s.at++
	}
	return value, digits
}

func (s *scanner) blockString() {
	const quotes = `"""`
	start := s.at
	s.at += len(quotes)
	for s.at < len(s.text) && !s.problems.found() {
		switch rest := s.text[s.at:]; {
		case strings.HasPrefix(rest, quotes):
			s.block(start, s.text[start+len(quotes):s.at])
			s.at += len(quotes)
			// gqlparser takes the quotes that follow into the string.
			if s.next('"') {
				s.problems.addByte(s.at-1, "Syntax Error: Unexpected quotation mark after a block string.")
			}
			return
		case strings.HasPrefix(rest, `\"""`):
			s.at += len(`\"""`)
		default:
			s.character()
		}
	}
	if !s.problems.found() {
		s.problems.addByte(start, "Syntax Error: Unterminated string.")
	}
}

// block notes the value of a block string whose first line has text: that line has
// no part in the indentation, but gqlparser counts it.
func (s *scanner) block(start int, raw string) {
	first, _, several := strings.Cut(strings.ReplaceAll(raw, "\r", "\n"), "\n")
	if !several || indentation(first) == len(first) {
		return
	}
	if s.blocks == nil {
		s.blocks = map[int]string{}
	}
	s.codePoints += utf8.RuneCountInString(s.text[s.counted:start])
	s.counted = start
	s.blocks[s.codePoints] = blockValue(raw)
}

// blockValue is BlockStringValue of section 2.9.4.
func blockValue(raw string) string {
	raw = strings.ReplaceAll(strings.ReplaceAll(raw, `\"""`, `"""`), "\r", "\n")
	lines := strings.Split(raw, "\n")
	common := len(raw)
	for _, line := range lines[1:] {
		if indent := indentation(line); indent < len(line) {
			common = min(common, indent)
		}
	}
	for i, line := range lines[1:] {
		lines[i+1] = line[min(common, len(line)):]
	}
	blank := func(line string) bool { return indentation(line) == len(line) }
	for len(lines) > 0 && blank(lines[0]) {
		lines = lines[1:]
	}
	for len(lines) > 0 && blank(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n")
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }
