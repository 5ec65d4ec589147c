package document

import (
	"strings"
	"unicode/utf8"
)

const (
	// maxNesting bounds how deep brackets nest: the parser and the validation
	// recurse once for each level.
	maxNesting = 200
	// maxName bounds the length of names, which errors quote.
	maxName = 256
)

// scan goes through the lexical tokens of a text before a parser does (GraphQL,
// section 2.1), and bounds what a parser would spend on them. Of what is wrong with a
// token it finds what gqlparser's lexer lets pass.
//
// It returns the values of block strings that gqlparser reads differently from
// section 2.9.4, by the offsets of their tokens in code points.
func scan(text string, maxTokens int, problems *problems) map[int]string {
	s := &scanner{text: text, problems: problems}
	tokens := 0
	for s.skipIgnored(); s.at < len(text) && !problems.found(); s.skipIgnored() {
		if tokens++; maxTokens > 0 && tokens > maxTokens {
			problems.addByte(s.at, "the document has more than %d tokens", maxTokens)
			break
		}
		s.token()
	}
	return s.blocks
}

type scanner struct {
	text     string
	at       int // in bytes
	nesting  int
	problems *problems
	blocks   map[int]string
	// counted is up to where code points were counted, and codePoints their number.
	counted, codePoints int
}

func (s *scanner) skipIgnored() {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',':
			s.at++
		case c == '#':
			for s.at < len(s.text) && s.text[s.at] != '\n' && s.text[s.at] != '\r' {
				s.at++
			}
		case strings.HasPrefix(s.text[s.at:], "\ufeff"):
			s.at += len("\ufeff")
		default:
			return
		}
	}
}

func (s *scanner) token() {
	switch c := s.text[s.at]; {
	case isNameStart(c):
		s.name()
	case c == '-' || isDigit(c):
		s.number()
	case strings.HasPrefix(s.text[s.at:], `"""`):
		s.blockString()
	case c == '"':
		s.string()
	case strings.HasPrefix(s.text[s.at:], "..."):
		s.at += len("...")
	case c == '{' || c == '[' || c == '(':
		if s.nesting++; s.nesting > maxNesting {
			s.problems.addByte(s.at, "the document nests brackets more than %d deep", maxNesting)
		}
		s.at++
	case c == '}' || c == ']' || c == ')':
		s.nesting--
		s.at++
	default:
		s.at++
	}
}

func (s *scanner) name() {
	start := s.at
	for s.at < len(s.text) && (isNameStart(s.text[s.at]) || isDigit(s.text[s.at])) {
		s.at++
	}
	if s.at-start > maxName {
		s.problems.addByte(start, "the document has a name of more than %d characters", maxName)
	}
}

func (s *scanner) number() {
	s.at++ // the sign, or the first digit
	s.digits()
	if s.next('.') {
		s.digits()
	}
	if s.next('e') || s.next('E') {
		_ = s.next('+') || s.next('-')
		s.digits()
	}
	// A number is not followed by what could be read as a part of it (GraphQL,
	// section 2.9.1).
	if s.at < len(s.text) && (isNameStart(s.text[s.at]) || s.text[s.at] == '.') {
		s.problems.addByte(s.at, "Syntax Error: Invalid number, expected digit but got: %q.", s.text[s.at:s.at+1])
	}
}

func (s *scanner) next(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) digits() {
	for s.at < len(s.text) && isDigit(s.text[s.at]) {
		s.at++
	}
}

func (s *scanner) string() {
	start := s.at
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '"':
			s.at++
			return
		case '\n', '\r':
			s.problems.addByte(s.at, "Syntax Error: Unterminated string.")
			return
		case '\\':
			s.escape()
		}
	}
	s.problems.addByte(start, "Syntax Error: Unterminated string.")
}

// escape goes to the last byte of an escape sequence. Half a surrogate pair has no
// value (GraphQL, section 2.9.4); gqlparser reads it as U+FFFD.
func (s *scanner) escape() {
	first := surrogate(s.text[s.at:])
	if first == 0 {
		s.at++
		return
	}
	const length = len(`\u0000`)
	if first < 0xDC00 && surrogate(s.text[s.at+length:]) >= 0xDC00 {
		s.at += 2*length - 1
		return
	}
	s.problems.addByte(s.at, "Syntax Error: Invalid Unicode escape sequence: %q.", s.text[s.at:s.at+length])
	s.at += length - 1
}

// surrogate is the code unit of an escape sequence like \uD83D, or 0 if the text
// does not begin with a surrogate.
func surrogate(text string) rune {
	if len(text) < len(`\uD800`) || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	var unit rune
	for _, c := range []byte(text[2:6]) {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 {
			return 0
		}
		unit = unit<<4 | rune(digit)
	}
	if unit < 0xD800 || unit > 0xDFFF {
		return 0
	}
	return unit
}

func (s *scanner) blockString() {
	const quotes = `"""`
	start := s.at
	s.at += len(quotes)
	for s.at < len(s.text) {
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
			s.at++
		}
	}
	s.problems.addByte(start, "Syntax Error: Unterminated string.")
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

func isNameStart(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
