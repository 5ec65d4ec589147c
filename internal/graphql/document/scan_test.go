package document

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"
)

// FuzzScan: what the parser may get to see, scan has counted. As far as gqlparser's
// lexer reads a text, it finds no more tokens and no deeper brackets.
func FuzzScan(f *testing.F) {
	refused := func(text string, maxTokens int) bool {
		found := &problems{text: text}
		scan(text, maxTokens, found)
		return found.found()
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 4<<10 {
			return
		}
		if tokens, _ := lexed(text); tokens > 1 && !refused(text, tokens-1) {
			t.Errorf("no more than %d tokens were counted", tokens-1)
		}
		deep := strings.Repeat("{", maxNesting) + text
		if _, nesting := lexed(deep); nesting > maxNesting && !refused(deep, 0) {
			t.Errorf("a nesting of %d was not found", nesting)
		}
	})
}

// lexed is how many tokens gqlparser's lexer reads, and how deep their brackets nest,
// up to where the text is no GraphQL any more: a bracket that closes what is not open
// is as far as the parser can get.
func lexed(text string) (tokens, deepest int) {
	from := lexer.New(&ast.Source{Input: text})
	depth := 0
	for {
		token, err := from.ReadToken()
		if err != nil || token.Kind == lexer.EOF || depth < 0 {
			return tokens, deepest
		}
		switch token.Kind {
		case lexer.BraceL, lexer.BracketL, lexer.ParenL:
			depth++
			deepest = max(deepest, depth)
		case lexer.BraceR, lexer.BracketR, lexer.ParenR:
			depth--
		case lexer.Comment:
			continue
		}
		tokens++
	}
}
