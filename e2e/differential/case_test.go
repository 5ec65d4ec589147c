//go:build e2e

package differential

import (
	"encoding/json"
	"strings"
)

// piece is a part of a document. The items of a list can be taken out, one by
// one; without items only empty is printed. Other pieces are printed whole.
type piece struct {
	text             string // of a piece without parts
	parts            []*piece
	list             bool
	open, sep, close string
	empty            string
	// selections names the type that a list selects from; empty for other pieces.
	selections string
}

func text(s string) *piece { return &piece{text: s} }

func sequence(parts ...*piece) *piece { return &piece{parts: parts} }

// items is a list without items.
func items(before, between, after string) *piece {
	return &piece{list: true, open: before, sep: between, close: after}
}

func selections(typeName string) *piece {
	s := items("{", " ", "}")
	s.selections = typeName
	return s
}

func (p *piece) add(parts ...*piece) { p.parts = append(p.parts, parts...) }

// String is the text of the piece.
func (p *piece) String() string {
	var b strings.Builder
	p.write(&b)
	return b.String()
}

func (p *piece) write(b *strings.Builder) {
	b.WriteString(p.text)
	if p.list && len(p.parts) == 0 {
		b.WriteString(p.empty)
		return
	}
	b.WriteString(p.open)
	for i, part := range p.parts {
		if i > 0 {
			b.WriteString(p.sep)
		}
		part.write(b)
	}
	b.WriteString(p.close)
}

// walk visits a piece and all below it.
func (p *piece) walk(visit func(*piece)) {
	visit(p)
	for _, part := range p.parts {
		part.walk(visit)
	}
}

// variable is one member of the JSON object of variables.
type variable struct{ name, json string }

// testCase is a request, of parts that can be taken out.
type testCase struct {
	document  *piece
	operation string
	variables []variable
	// features are what the generator put in; the suite counts them.
	features []string
}

// request is a case as both sides read it.
type request struct {
	ID        int             `json:"id"`
	Query     string          `json:"query"`
	Operation string          `json:"operation,omitempty"`
	Variables json.RawMessage `json:"variables,omitempty"`
}

func (c testCase) request() request {
	members := items("{", ",", "}")
	for _, v := range c.variables {
		name, _ := json.Marshal(v.name) // a string always has a JSON
		members.add(text(string(name) + ":" + v.json))
	}
	return request{Query: c.document.String(), Operation: c.operation, Variables: json.RawMessage(members.String())}
}
