package core

import (
	"fmt"

	"github.com/graphql-go/graphql/language/ast"
)

// limits bound a document: its text in tokens, the rest as execution expands it.
type limits struct {
	tokens, depth, aliases int
	noIntrospection        bool
}

// check measures every operation of a document, which must have no fragment
// cycles.
func (l limits) check(tree *ast.Document) responseErrors {
	m := measuring{fragments: map[string]*ast.FragmentDefinition{}, known: map[string]measure{}}
	for _, definition := range tree.Definitions {
		if fragment, ok := definition.(*ast.FragmentDefinition); ok && fragment.Name != nil {
			m.fragments[fragment.Name.Value] = fragment
		}
	}
	for _, definition := range tree.Definitions {
		operation, ok := definition.(*ast.OperationDefinition)
		if !ok {
			continue
		}
		switch size := m.set(operation.SelectionSet); {
		case size.depth > l.depth:
			return newErrors(fmt.Sprintf("the document nests fields deeper than %d levels", l.depth))
		case size.aliases > l.aliases:
			return newErrors(fmt.Sprintf("the document has more than %d aliases", l.aliases))
		case size.introspects && l.noIntrospection:
			return newErrors("introspection is disabled")
		}
	}
	return nil
}

// measure is the size of a selection set with all of its fragments in place.
type measure struct {
	depth, aliases int
	introspects    bool
}

// mostAliases ends the counting: fragments within fragments multiply.
const mostAliases = 1 << 30

// in adds what stands beside it.
func (m measure) in(other measure) measure {
	return measure{
		max(m.depth, other.depth), min(m.aliases+other.aliases, mostAliases), m.introspects || other.introspects,
	}
}

// measuring measures each fragment once, however often it is spread.
type measuring struct {
	fragments map[string]*ast.FragmentDefinition
	known     map[string]measure
}

func (m measuring) set(set *ast.SelectionSet) (size measure) {
	if set == nil {
		return measure{}
	}
	for _, selection := range set.Selections {
		switch selection := selection.(type) {
		case *ast.Field:
			size = size.in(m.field(selection))
		case *ast.InlineFragment:
			size = size.in(m.set(selection.SelectionSet))
		case *ast.FragmentSpread:
			if selection.Name != nil {
				size = size.in(m.fragment(selection.Name.Value))
			}
		}
	}
	return size
}

func (m measuring) field(field *ast.Field) measure {
	size := m.set(field.SelectionSet)
	size.depth++
	if field.Alias != nil {
		size.aliases = min(size.aliases+1, mostAliases)
	}
	if field.Name != nil && (field.Name.Value == "__schema" || field.Name.Value == "__type") {
		size.introspects = true
	}
	return size
}

func (m measuring) fragment(name string) measure {
	if size, ok := m.known[name]; ok {
		return size
	}
	definition := m.fragments[name]
	if definition == nil { // which validation complains of
		return measure{}
	}
	size := m.set(definition.SelectionSet)
	m.known[name] = size
	return size
}
