package input

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// node is a literal that was checked. Each value that it makes belongs to the
// caller.
type node interface {
	value(variables map[string]any) (any, error)
}

type (
	constant struct{ of any }
	failure  struct{ err error }
	variable struct{ name string }
	// scalar is a literal of the user's scalar that holds variables.
	scalar func(variables map[string]any) (any, error)
	list   struct {
		items []node
		of    *ast.Type // of the items
	}
	object struct {
		noun    string // of its members, for errors
		members []member
		oneOf   *ast.Definition // if exactly one is to be given
	}
	member struct {
		name      string
		of        *ast.Type
		given     node
		byDefault node // if given is a variable and missing; may be nil
	}
)

func (n constant) value(map[string]any) (any, error) { return Clone(n.of), nil }

func (n failure) value(map[string]any) (any, error) { return nil, n.err }

func (n variable) value(variables map[string]any) (any, error) { return Clone(variables[n.name]), nil }

func (n scalar) value(variables map[string]any) (any, error) { return n(variables) }

// value has null where a variable is missing (GraphQL, section 3.11).
func (n list) value(variables map[string]any) (any, error) {
	items := make([]any, len(n.items))
	for i, item := range n.items {
		var err error
		if items[i], err = item.value(variables); err != nil {
			return nil, err
		}
	}
	return items, n.check(items)
}

// check finds what is null and must not be.
func (n list) check(items []any) error {
	if n.of.NonNull && slices.Contains(items, nil) {
		return refusal(`Expected value of non-null type "%s" not to be null.`, typeName(n.of))
	}
	return nil
}

func (n object) value(variables map[string]any) (any, error) { return n.of(variables) }

func (n object) of(variables map[string]any) (map[string]any, error) {
	values := make(map[string]any, len(n.members))
	for i := range n.members {
		m := &n.members[i]
		given := m.given
		if v, ok := given.(variable); ok && !isGiven(v, variables) {
			if given = m.byDefault; given == nil && m.of.NonNull {
				return nil, refusal(`%s "%s" of required type "%s" was provided the variable "$%s" which was not provided a runtime value.`, n.noun, m.name, typeName(m.of), cut(v.name))
			} else if given == nil {
				continue
			}
		}
		var err error
		if values[m.name], err = given.value(variables); err != nil {
			return nil, err
		}
	}
	if err := n.check(values); err != nil {
		return nil, err
	}
	return values, nil
}

// check finds what is null and must not be, and more than one of what is one of.
func (n object) check(values map[string]any) error {
	for i := range n.members {
		m := &n.members[i]
		if m.of.NonNull && values[m.name] == nil {
			return refusal(`%s "%s" of non-null type "%s" must not be null.`, n.noun, m.name, typeName(m.of))
		}
	}
	if n.oneOf != nil {
		return checkOneOf(n.oneOf, values)
	}
	return nil
}

func isGiven(v variable, variables map[string]any) bool {
	_, ok := variables[v.name]
	return ok
}

// fold makes a constant of a list that holds only constants. Its items move there.
func (n list) fold() (node, error) {
	items := make([]any, len(n.items))
	for i, item := range n.items {
		c, ok := item.(constant)
		if !ok {
			return n, nil
		}
		items[i] = c.of
	}
	return constant{items}, n.check(items)
}

// fold makes a constant of an object that holds only constants, likewise.
func (n object) fold() (node, error) {
	values := make(map[string]any, len(n.members))
	for i := range n.members {
		c, ok := n.members[i].given.(constant)
		if !ok {
			return n, nil
		}
		values[n.members[i].name] = c.of
	}
	return constant{values}, n.check(values)
}

// Clone copies lists and input objects, for someone who may write into them. What
// else a leaf may be is the user's own.
func Clone(value any) any {
	switch value := value.(type) {
	case []any:
		if value == nil {
			return value
		}
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = Clone(item)
		}
		return items
	case map[string]any:
		if value == nil {
			return value
		}
		members := make(map[string]any, len(value))
		for name, member := range value {
			members[name] = Clone(member)
		}
		return members
	default:
		return value
	}
}
