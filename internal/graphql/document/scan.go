package document

import (
	"strings"
	"unicode/utf16"
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
// section 2.1), and bounds what a parser would spend on them. It finds what is wrong
// with a token: gqlparser's lexer lets some of it pass.
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
	case strings.IndexByte("!$&:=@|", c) >= 0:
		s.at++
	default:
		r, size := utf8.DecodeRuneInString(s.text[s.at:])
		s.problems.addByte(s.at, "Syntax Error: Unexpected character: %q.", string(r))
		s.at += size
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
	s.next('-')
	if !s.next('0') {
		s.digits()
	}
	if s.next('.') {
		s.digits()
	}
	if s.next('e') || s.next('E') {
		_ = s.next('+') || s.next('-')
		s.digits()
	}
	// A number is not followed by what could be read as a part of it (GraphQL,
	// section 2.9.1).
	if s.at < len(s.text) && (isNameStart(s.text[s.at]) || isDigit(s.text[s.at]) || s.text[s.at] == '.') {
		s.noDigit()
	}
}

func (s *scanner) noDigit() {
	if s.at == len(s.text) {
		s.problems.addByte(s.at, "Syntax Error: Invalid number, expected digit but got: <EOF>.")
		return
	}
	r, _ := utf8.DecodeRuneInString(s.text[s.at:])
	s.problems.addByte(s.at, "Syntax Error: Invalid number, expected digit but got: %q.", string(r))
}

func (s *scanner) next(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) digits() {
	start := s.at
	for s.at < len(s.text) && isDigit(s.text[s.at]) {
		s.at++
	}
	if s.at == start && !s.problems.found() {
		s.noDigit()
	}
}

func (s *scanner) string() {
	start := s.at
	for s.at++; s.at < len(s.text) && !s.problems.found(); {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return
		case c == '\n' || c == '\r':
			s.problems.addByte(s.at, "Syntax Error: Unterminated string.")
		case c == '\\':
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
		digit := strings.IndexByte("0123456789abcdefABCDEF", s.text[s.at])
		if digit < 0 {
			break
		}
		if digit >= 16 {
			digit -= 6
		}
		value = value<<4 | rune(digit)
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

func isNameStart(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
