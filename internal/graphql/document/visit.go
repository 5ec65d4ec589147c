package document

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// visit goes through all selections, arguments, values and directives once, notes
// their definitions in them, and applies the rules that need no more than these.
func (v *validation) visit() {
	v.typename = &ast.FieldDefinition{Name: "__typename", Type: ast.NonNullNamedType("String", nil)}
	for i, operation := range v.document.Operations {
		root, location := v.root(operation)
		if root == nil {
			v.problems.add(operation.Position, "Schema is not configured to execute %s operation.", operation.Operation)
			continue
		}
		v.current = nil
		v.variableDefinitions(operation)
		v.current = &v.operations[i]
		v.directives(root, operation.Directives, location)
		v.selections(root, operation.SelectionSet)
	}
	for i, fragment := range v.document.Fragments {
		v.current = &v.fragments[i]
		for _, definition := range fragment.VariableDefinition {
			v.problems.add(definition.Position, "Syntax Error: a fragment cannot define variables.")
		}
		fragment.Definition = v.schema.Types[fragment.TypeCondition]
		v.typeCondition(fragment.Position, fragment.TypeCondition, fragment.Name)
		v.directives(fragment.Definition, fragment.Directives, ast.LocationFragmentDefinition)
		v.selections(composite(fragment.Definition), fragment.SelectionSet)
	}
}

func (v *validation) root(operation *ast.OperationDefinition) (*ast.Definition, ast.DirectiveLocation) {
	switch operation.Operation {
	case ast.Mutation:
		return v.schema.Mutation, ast.LocationMutation
	case ast.Subscription:
		return v.schema.Subscription, ast.LocationSubscription
	default:
		return v.schema.Query, ast.LocationQuery
	}
}

// selections visits a selection set. The parent is nil where it is not known, or has
// no fields: that was a problem already.
func (v *validation) selections(parent *ast.Definition, selections ast.SelectionSet) {
	for _, selection := range selections {
		if v.problems.full() {
			return
		}
		switch it := selection.(type) {
		case *ast.Field:
			v.field(parent, it)
		case *ast.InlineFragment:
			it.ObjectDefinition = parent
			v.inlineFragment(parent, it)
		case *ast.FragmentSpread:
			it.ObjectDefinition = parent
			v.fragmentSpread(parent, it)
		}
	}
}

func (v *validation) field(parent *ast.Definition, field *ast.Field) {
	field.ObjectDefinition = parent
	var of *ast.Definition
	if field.Definition = v.fieldDefinition(parent, field.Name); field.Definition != nil {
		of = v.schema.Types[field.Definition.Type.Name()]
		v.arguments(field.Definition.Arguments, field.Arguments, owner{at: field.Position, field: field})
		v.leaf(field, of)
	} else {
		if parent != nil {
			v.problems.add(field.Position, "Cannot query field %q on type %q.", field.Name, parent.Name)
		}
		v.unknownArguments(field.Arguments)
	}
	v.directives(of, field.Directives, ast.LocationField)
	v.selections(composite(of), field.SelectionSet)
}

func (v *validation) fieldDefinition(parent *ast.Definition, name string) *ast.FieldDefinition {
	switch {
	case parent == nil:
		return nil
	case name == v.typename.Name:
		return v.typename
	}
	return find(v, parent, name, len(parent.Fields), parent.Fields.ForName)
}

// leaf: scalars and enums have no selections, other types have some (GraphQL,
// section 5.3.3).
func (v *validation) leaf(field *ast.Field, of *ast.Definition) {
	switch {
	case of == nil:
	case of.IsLeafType() && len(field.SelectionSet) > 0:
		v.problems.add(field.Position, "Field %q must not have a selection since type %q has no subfields.", field.Name, field.Definition.Type)
	case !of.IsLeafType() && len(field.SelectionSet) == 0:
		v.problems.add(field.Position, `Field %q of type %q must have a selection of subfields. Did you mean "%s { ... }"?`,
			field.Name, field.Definition.Type, field.Name)
	}
}

func (v *validation) inlineFragment(parent *ast.Definition, fragment *ast.InlineFragment) {
	of := parent
	if fragment.TypeCondition != "" {
		of = composite(v.typeCondition(fragment.Position, fragment.TypeCondition, ""))
		if of != nil && parent != nil && !v.overlap(parent, of) {
			v.problems.add(fragment.Position, "Fragment cannot be spread here as objects of type %q can never be of type %q.", parent.Name, of.Name)
		}
	}
	v.directives(of, fragment.Directives, ast.LocationInlineFragment)
	v.selections(of, fragment.SelectionSet)
}

func (v *validation) fragmentSpread(parent *ast.Definition, spread *ast.FragmentSpread) {
	of := v.schema.Types[spread.Definition.TypeCondition]
	if parent != nil && composite(of) != nil && !v.overlap(parent, of) {
		v.problems.add(spread.Position, "Fragment %q cannot be spread here as objects of type %q can never be of type %q.", spread.Name, parent.Name, of.Name)
	}
	v.directives(of, spread.Directives, ast.LocationFragmentSpread)
}

// typeCondition: fragments are on types that have fields (GraphQL, sections 5.5.1.2
// and 5.5.1.3).
func (v *validation) typeCondition(at *ast.Position, name, fragment string) *ast.Definition {
	of := v.schema.Types[name]
	switch {
	case of == nil:
		v.problems.add(at, "Unknown type %q.", name)
	case composite(of) != nil:
	case fragment == "":
		v.problems.add(at, "Fragment cannot condition on non composite type %q.", name)
	default:
		v.problems.add(at, "Fragment %q cannot condition on non composite type %q.", fragment, name)
	}
	return of
}

// composite is the definition if it may have selections, else nil.
func composite(of *ast.Definition) *ast.Definition {
	if of == nil || !of.IsCompositeType() {
		return nil
	}
	return of
}

type typePair struct{ a, b *ast.Definition }

// overlap reports whether an object can be of both types (GraphQL, section 5.5.2.3).
func (v *validation) overlap(a, b *ast.Definition) bool {
	if a == b {
		return true
	}
	if a.Kind == ast.Object && b.Kind == ast.Object {
		return false
	}
	pair := typePair{a, b}
	possible, known := v.possible[pair]
	if !known {
		possible = v.objectsInCommon(a, b)
		if v.possible == nil {
			v.possible = map[typePair]bool{}
		}
		v.possible[pair] = possible
	}
	return possible
}

func (v *validation) objectsInCommon(a, b *ast.Definition) bool {
	if b.Kind == ast.Object {
		a, b = b, a
	}
	if a.Kind == ast.Object {
		return slices.Contains(v.schema.PossibleTypes[b.Name], a)
	}
	fewer, more := a, b
	if len(v.schema.PossibleTypes[fewer.Name]) > len(v.schema.PossibleTypes[more.Name]) {
		fewer, more = more, fewer
	}
	objects := v.objects[more]
	if objects == nil {
		objects = make(map[*ast.Definition]bool, len(v.schema.PossibleTypes[more.Name]))
		for _, object := range v.schema.PossibleTypes[more.Name] {
			objects[object] = true
		}
		if v.objects == nil {
			v.objects = map[*ast.Definition]map[*ast.Definition]bool{}
		}
		v.objects[more] = objects
	}
	for _, object := range v.schema.PossibleTypes[fewer.Name] {
		if objects[object] {
			return true
		}
	}
	return false
}

// member is a field, an argument or an enum value by its name.
type member struct {
	of   any
	name string
}

// find looks a member up with search, which compares with each of count names. What
// is found among many is kept, so that a document does not search for it again.
func find[T any](v *validation, of any, name string, count int, search func(string) *T) *T {
	const few = 32
	if count <= few {
		return search(name)
	}
	key := member{of, name}
	if found, known := v.members[key].(*T); known {
		return found
	}
	found := search(name)
	if found != nil {
		if v.members == nil {
			v.members = map[member]any{}
		}
		v.members[key] = found
	}
	return found
}
