package graphqlgo

import "github.com/vektah/gqlparser/v2/ast"

// What a document takes, roughly, in bytes.
const (
	documentBytes  = 2 << 10
	textBytes      = 3   // a byte of the text: the text, that of the nodes, positions
	selectionBytes = 900 // a selection, or a variable, in both syntax trees
	valueBytes     = 500 // a value of an argument, likewise
	plannedBytes   = 800 // a field of a plan
)

const (
	// maxKept is how many planned fields a document keeps; what is beyond is planned
	// each time it is met.
	maxKept = 8192
	// maxConcrete is for how many object types the selections of an abstract type are
	// counted.
	maxConcrete = 16
)

// meter measures a document. Fragments are counted once, and added where they are
// spread.
type meter struct {
	schema     *Schema
	selections int // in the document
	values     int
	fragments  map[*ast.FragmentDefinition]int // the fields of each, in place
	conditions map[string]bool                 // the variables that @skip and @include depend on
}

// measure returns how many planned fields a document may keep, and its cost.
func measure(s *Schema, parsed *ast.QueryDocument, text string) (kept, cost int) {
	m := meter{schema: s, fragments: map[*ast.FragmentDefinition]int{}, conditions: map[string]bool{}}
	for _, operation := range parsed.Operations {
		m.selections += len(operation.VariableDefinitions)
		kept += m.selectionSet(operation.SelectionSet)
	}
	for _, fragment := range parsed.Fragments {
		m.fragment(fragment)
	}
	plans := maxPlans
	if conditions := len(m.conditions); 1<<min(conditions, maxPlans) < maxPlans {
		plans = 1 << conditions
	}
	kept = min(kept*plans, maxKept)
	return kept, documentBytes + textBytes*len(text) + selectionBytes*m.selections + valueBytes*m.values + plannedBytes*kept
}

// selectionSet returns how many fields a selection set has in place, at most
// maxKept.
func (m *meter) selectionSet(set ast.SelectionSet) int {
	fields := 0
	for _, selection := range set {
		m.selections++
		switch selection := selection.(type) {
		case *ast.Field:
			m.arguments(selection.Arguments)
			m.directives(selection.Directives)
			fields += 1 + m.concrete(selection.Definition.Type)*m.selectionSet(selection.SelectionSet)
		case *ast.InlineFragment:
			m.directives(selection.Directives)
			fields += m.selectionSet(selection.SelectionSet)
		case *ast.FragmentSpread:
			m.directives(selection.Directives)
			fields += m.fragment(selection.Definition)
		}
		fields = min(fields, maxKept)
	}
	return fields
}

func (m *meter) fragment(fragment *ast.FragmentDefinition) int {
	fields, known := m.fragments[fragment]
	if !known {
		fields = m.selectionSet(fragment.SelectionSet)
		m.fragments[fragment] = fields
	}
	return fields
}

// concrete is for how many object types the selections of a field are planned.
func (m *meter) concrete(of *ast.Type) int {
	if a := m.schema.abstracts[of.Name()]; a != nil {
		return min(len(a.possible), maxConcrete)
	}
	return 1
}

func (m *meter) directives(directives ast.DirectiveList) {
	for _, directive := range directives {
		m.values++
		m.arguments(directive.Arguments)
		if name := conditionOf(directive); name != "" {
			m.conditions[name] = true
		}
	}
}

func (m *meter) arguments(arguments ast.ArgumentList) {
	for _, argument := range arguments {
		m.value(argument.Value)
	}
}

func (m *meter) value(value *ast.Value) {
	m.values++
	for _, child := range value.Children {
		m.value(child.Value)
	}
}
