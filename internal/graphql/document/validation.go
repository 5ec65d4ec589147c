package document

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/ports"
)

// validation validates one document. gqlparser's own walk is not used: it enters a
// fragment anew from every operation and fragment that reaches it, and its rules
// cannot end it. Here every selection is visited once. What depends on how fragments
// come together has an algorithm of its own: bounds (measure.go), variables
// (variables.go) and overlapping fields (merge.go).
type validation struct {
	schema   *ast.Schema
	limits   ports.Limits
	document *ast.QueryDocument
	problems *problems
	blocks   map[int]string

	// operations and fragments are those of the document, in its order.
	operations, fragments []part
	// fragmentsByName has the first of each name.
	fragmentsByName map[string]int
	// order has the fragments so that each comes after all that it spreads.
	order []int

	// current is the part that is being visited; nil in what has to be constant.
	current *part
	// typename is the definition of __typename.
	typename *ast.FieldDefinition
	// members, possible and types keep what was looked up.
	members  map[member]any
	possible map[typePair]bool
	objects  map[*ast.Definition]map[*ast.Definition]bool

	// work is how much may still be spent where fragments come together.
	work int
}

// part is an operation or a fragment definition.
type part struct {
	name       string
	selections ast.SelectionSet
	spreads    []spread
	size       size
	// uses are its variables, without those of the fragments that it spreads;
	// variables tells that it or one of those has any.
	uses      []use
	variables bool
}

// spread is a spread of a fragment of the document.
type spread struct {
	node     *ast.FragmentSpread
	fragment int
}

// run validates as far as it makes sense: what is found in one step would mislead
// the next, or cost it too much.
func (v *validation) run() {
	steps := []func(){v.collect, v.sort, v.measure, v.visit, v.checkVariables, v.checkSubscriptions, v.mergeFields}
	for _, step := range steps {
		if step(); v.problems.found() {
			return
		}
	}
}

// collect lists the parts of the document and what they spread.
func (v *validation) collect() {
	if len(v.document.Operations) == 0 && len(v.document.Fragments) == 0 {
		v.problems.only("the document is empty")
		return
	}
	if v.checkNames(); v.problems.found() {
		return
	}
	v.work = minWork
	v.operations = make([]part, len(v.document.Operations))
	for i, operation := range v.document.Operations {
		v.operations[i] = part{name: operation.Name, selections: operation.SelectionSet}
		v.collectSpreads(&v.operations[i], operation.SelectionSet)
	}
	v.fragments = make([]part, len(v.document.Fragments))
	for i, fragment := range v.document.Fragments {
		v.fragments[i] = part{name: fragment.Name, selections: fragment.SelectionSet}
		v.collectSpreads(&v.fragments[i], fragment.SelectionSet)
	}
}

// checkNames checks those of operations and fragments (GraphQL, sections 5.2.1.1,
// 5.2.2.1 and 5.5.1.1).
func (v *validation) checkNames() {
	v.fragmentsByName = make(map[string]int, len(v.document.Fragments))
	for i, fragment := range v.document.Fragments {
		if _, again := v.fragmentsByName[fragment.Name]; again {
			v.problems.add(fragment.Position, "There can be only one fragment named %q.", fragment.Name)
			continue
		}
		v.fragmentsByName[fragment.Name] = i
	}
	var names names
	for _, operation := range v.document.Operations {
		if v.problems.full() {
			return
		}
		if operation.Name == "" && len(v.document.Operations) > 1 {
			v.problems.add(operation.Position, "This anonymous operation must be the only defined operation.")
		} else if names.again(operation.Name) {
			v.problems.add(operation.Position, "There can be only one operation named %q.", operation.Name)
		}
	}
}

func (v *validation) collectSpreads(part *part, selections ast.SelectionSet) {
	v.work += len(selections) * workOfSelection
	for _, selection := range selections {
		switch it := selection.(type) {
		case *ast.Field:
			v.collectSpreads(part, it.SelectionSet)
		case *ast.InlineFragment:
			v.collectSpreads(part, it.SelectionSet)
		case *ast.FragmentSpread:
			if fragment, known := v.fragmentsByName[it.Name]; known {
				it.Definition = v.document.Fragments[fragment]
				part.spreads = append(part.spreads, spread{it, fragment})
			} else {
				v.problems.add(it.Position, "Unknown fragment %q.", it.Name)
			}
		}
	}
}

const (
	// minWork and workOfSelection bound how many selections are visited where
	// fragments come together. Documents that people write need a few visits for
	// each of their selections.
	minWork         = 20_000
	workOfSelection = 40
)

// spend takes from the work that is left, and reports whether there was enough.
func (v *validation) spend(work int) bool {
	if v.work < 0 {
		return false
	}
	if v.work -= work; v.work < 0 {
		v.problems.only("the document's fragments overlap too much to be validated")
		return false
	}
	return true
}

// names tells which names come again: a few are compared, many are hashed.
type names struct {
	few   [8]string
	count int
	many  map[string]struct{}
}

func (n *names) again(name string) bool {
	if slices.Contains(n.few[:n.count], name) {
		return true
	}
	if n.count < len(n.few) {
		n.few[n.count] = name
		n.count++
		return false
	}
	if n.many == nil {
		n.many = map[string]struct{}{}
	}
	before := len(n.many)
	n.many[name] = struct{}{}
	return len(n.many) == before
}
