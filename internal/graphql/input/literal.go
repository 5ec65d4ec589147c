package input

import (
	"errors"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/ports"
)

// literal checks a literal against a type. What is constant in it is coerced now. An
// error is about the literal, and a *literalError.
func (c *coercion) literal(of *ast.Type, literal *ast.Value) (node, error) {
	n, err := c.anyLiteral(of, literal)
	if err == nil {
		return n, nil
	}
	if inner, ok := errors.AsType[*literalError](err); ok {
		return nil, inner
	}
	return nil, &literalError{err, literal.Position}
}

// literalError is an error with the place of the literal that it is about.
type literalError struct {
	error
	at *ast.Position // may be nil
}

func (e *literalError) Unwrap() error { return e.error }

func (c *coercion) anyLiteral(of *ast.Type, literal *ast.Value) (node, error) {
	switch {
	case literal.Kind == ast.Variable:
		return variable{literal.Raw}, nil
	case literal.Kind == ast.NullValue && of.NonNull:
		return nil, refusal(`Expected value of type "%s", found null.`, typeName(of))
	case literal.Kind == ast.NullValue:
		return constant{nil}, nil
	case of.Elem != nil:
		return c.listLiteral(of.Elem, literal)
	}
	if isBuiltIn(of.NamedType) {
		value, err := builtInLiteral(of.NamedType, literal)
		return constant{value}, err
	}
	definition := c.schema.Types[of.NamedType]
	switch definition.Kind {
	case ast.InputObject:
		return c.objectLiteral(definition, literal)
	case ast.Enum:
		return c.enumLiteral(definition, literal)
	default:
		return c.scalarLiteral(definition, literal)
	}
}

func (c *coercion) listLiteral(of *ast.Type, literal *ast.Value) (node, error) {
	if literal.Kind != ast.ListValue {
		item, err := c.literal(of, literal)
		if err != nil {
			return nil, err
		}
		return list{[]node{item}, of}.fold()
	}
	items := make([]node, len(literal.Children))
	for i, child := range literal.Children {
		var err error
		if items[i], err = c.literal(of, child.Value); err != nil {
			return nil, err
		}
	}
	return list{items, of}.fold()
}

func (c *coercion) objectLiteral(of *ast.Definition, literal *ast.Value) (node, error) {
	if literal.Kind != ast.ObjectValue {
		return nil, refusal(`Expected value of type "%s", found %s.`, of.Name, source(literal))
	}
	o := object{noun: "Field"}
	if isOneOf(of) {
		o.oneOf = of
	}
	for _, field := range of.Fields {
		given := literal.Children.ForName(field.Name)
		if err := c.addMember(&o, field.Name, field.Type, given, field.DefaultValue); err != nil {
			return nil, err
		}
	}
	for _, child := range literal.Children {
		if of.Fields.ForName(child.Name) == nil {
			return nil, refusal(`Field "%s" is not defined by type "%s".`, cut(child.Name), of.Name)
		}
	}
	return o.fold()
}

// addMember adds a field or an argument to an object that is made of a literal;
// given and byDefault may be nil.
func (c *coercion) addMember(o *object, name string, of *ast.Type, given, byDefault *ast.Value) (err error) {
	m := member{name: name, of: of}
	if given != nil {
		if m.given, err = c.literal(of, given); err != nil {
			return err
		}
	}
	_, mayBeMissing := m.given.(variable)
	if byDefault != nil && (given == nil || mayBeMissing) {
		if m.byDefault, err = c.defaultNode(of, byDefault); err != nil {
			return err
		}
	}
	switch {
	case given == nil && byDefault == nil && of.NonNull:
		return refusal(`%s "%s" of required type "%s" was not provided.`, o.noun, name, typeName(of))
	case given == nil && byDefault == nil:
		return nil
	case given == nil:
		m.given, m.byDefault = m.byDefault, nil
	}
	o.members = append(o.members, m)
	return nil
}

func (c *coercion) enumLiteral(of *ast.Definition, literal *ast.Value) (node, error) {
	if literal.Kind != ast.EnumValue {
		return nil, refusal(`Enum "%s" cannot represent non-enum value: %s.`, of.Name, source(literal))
	}
	return leafNode(c.enum(of, literal.Raw))
}

func (c *coercion) scalarLiteral(of *ast.Definition, literal *ast.Value) (node, error) {
	coerce := scalar(func(variables map[string]any) (any, error) {
		return c.call(of, func() (any, error) { return c.leaves.Literal(of, literal, variables) })
	})
	if holdsVariables(literal) {
		return coerce, nil
	}
	return leafNode(coerce(nil))
}

// leafNode is the node of a leaf that is constant. What user code failed with is
// for the one who asks for the value, since only an error that is public may be
// read as it is.
func leafNode(value any, err error) (node, error) {
	if _, ok := errors.AsType[*ports.PublicError](err); err == nil || ok {
		return constant{value}, err
	}
	return failure{err}, nil
}

func holdsVariables(literal *ast.Value) bool {
	return literal.Kind == ast.Variable ||
		slices.ContainsFunc(literal.Children, func(child *ast.ChildValue) bool { return holdsVariables(child.Value) })
}
