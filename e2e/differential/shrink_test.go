//go:build e2e

package differential

import (
	"regexp"
	"slices"
	"strings"
)

// shrink takes parts out of a case for as long as it still differs.
func shrink(c testCase, differs func(testCase) bool) testCase {
	for smaller := true; smaller; {
		smaller = false
		for _, candidates := range []func(testCase) []testCase{withoutPart, withoutLevel, withoutVariable} {
			for again := true; again; {
				candidates := candidates(c)
				found := slices.IndexFunc(candidates, differs)
				if again = found >= 0; again {
					c, smaller = candidates[found], true
				}
			}
		}
	}
	return c
}

// withoutPart is a case without each of its parts, the large ones first.
func withoutPart(c testCase) []testCase {
	return edits(c, func(list *piece, i int) bool {
		list.parts = slices.Delete(list.parts, i, i+1)
		return true
	})
}

// withoutLevel is a case with what a selection selects in its place.
func withoutLevel(c testCase) []testCase {
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
func withoutVariable(c testCase) []testCase {
	var found []testCase
	for i := range c.variables {
		without := c
		without.variables = slices.Delete(slices.Clone(c.variables), i, i+1)
		found = append(found, without)
	}
	if c.operation != "" {
		c.operation = ""
		found = append(found, c)
	}
	return found
}

// edits are copies of a case, each edited at one item of one list, if it can be.
func edits(c testCase, edit func(list *piece, i int) bool) []testCase {
	var found []testCase
	for l, list := range c.document.lists() {
		for i := range list.parts {
			edited := c
			edited.document = c.document.clone()
			if edit(edited.document.lists()[l], i) {
				edited.document.tidy()
				found = append(found, edited)
			}
		}
	}
	return found
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

// tidy takes out the fragments and the variables that nothing uses any more.
func (p *piece) tidy() {
	defined := regexp.MustCompile(`^(?:fragment (\w+) |(\$\w+):)`)
	for tidy := false; !tidy; {
		tidy = true
		document := p.String()
		for _, list := range p.lists() {
			list.parts = slices.DeleteFunc(list.parts, func(part *piece) bool {
				name := defined.FindStringSubmatch(part.String())
				used := name == nil ||
					name[1] != "" && regexp.MustCompile(`\.\.\.`+name[1]+`\b`).MatchString(document) ||
					name[2] != "" && strings.Count(document+" ", name[2]) > 1
				tidy = tidy && used
				return !used
			})
		}
	}
}
