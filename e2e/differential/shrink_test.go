//go:build e2e

package differential

import (
	"iter"
	"regexp"
	"slices"
	"strings"
)

// shrink takes parts out of a case for as long as it still differs.
func shrink(c testCase, differs func(testCase) bool) testCase {
	for smaller := true; smaller; {
		smaller = false
		for _, candidates := range []func(testCase) iter.Seq[testCase]{withoutPart, withoutLevel, withoutVariable} {
			for again := true; again; {
				again = false
				for candidate := range candidates(c) {
					if differs(candidate) {
						c, smaller, again = candidate, true, true
						break
					}
				}
			}
		}
	}
	return c
}

// withoutPart is a case without each of its parts, the large ones first.
func withoutPart(c testCase) iter.Seq[testCase] {
	return edits(c, func(list *piece, i int) bool {
		list.parts = slices.Delete(list.parts, i, i+1)
		return true
	})
}

// withoutLevel is a case with what a selection selects in its place.
func withoutLevel(c testCase) iter.Seq[testCase] {
	return edits(c, func(list *piece, i int) bool {
		parts := list.parts[i].parts
		if list.selections == "" || len(parts) == 0 || parts[len(parts)-1].selections == "" {
			return false
		}
		list.parts = slices.Replace(list.parts, i, i+1, parts[len(parts)-1].parts...)
		return true
	})
}

// withoutVariable is a case without the value of each variable, and without the
// name of the operation.
func withoutVariable(c testCase) iter.Seq[testCase] {
	return func(yield func(testCase) bool) {
		for i := range c.variables {
			without := c
			without.variables = slices.Delete(slices.Clone(c.variables), i, i+1)
			if !yield(without) {
				return
			}
		}
		if c.operation != "" {
			without := c
			without.operation = ""
			yield(without)
		}
	}
}

// edits are copies of a case, each edited at one item of one list, if it can be. They are
// made one by one, for most often one of the first will do.
func edits(c testCase, edit func(list *piece, i int) bool) iter.Seq[testCase] {
	return func(yield func(testCase) bool) {
		for l, list := range c.document.lists() {
			for i := range list.parts {
				edited := c
				edited.document = c.document.clone()
				if !edit(edited.document.lists()[l], i) {
					continue
				}
				edited.document.tidy()
				if !yield(edited) {
					return
				}
			}
		}
	}
}

func (p *piece) lists() []*piece {
	var found []*piece
	p.walk(func(p *piece) {
		if p.list {
			found = append(found, p)
		}
	})
	return found
}

func (p *piece) clone() *piece {
	copied := *p
	copied.parts = make([]*piece, len(p.parts))
	for i, part := range p.parts {
		copied.parts[i] = part.clone()
	}
	return &copied
}

var defined = regexp.MustCompile(`^(?:fragment (\w+) |(\$\w+):)`)

// tidy takes out the fragments and the variables that nothing uses any more.
func (p *piece) tidy() {
	for tidy := false; !tidy; {
		tidy = true
		document := p.String()
		for _, list := range p.lists() {
			list.parts = slices.DeleteFunc(list.parts, func(part *piece) bool {
				name := defined.FindStringSubmatch(part.beginning())
				used := name == nil ||
					name[1] != "" && regexp.MustCompile(`\.\.\.`+name[1]+`\b`).MatchString(document) ||
					name[2] != "" && strings.Count(document+" ", name[2]) > 1
				tidy = tidy && used
				return !used
			})
		}
	}
}

// beginning is the first text of the piece.
func (p *piece) beginning() string {
	for p.text == "" && p.open == "" && len(p.parts) > 0 {
		p = p.parts[0]
	}
	return p.text + p.open
}
