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

func isNameStart(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
