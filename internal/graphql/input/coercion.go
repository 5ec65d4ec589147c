package input

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/ports"
)

// coercion is what the coercion of values and of literals share.
type coercion struct {
	schema   *ast.Schema
	leaves   Leaves
	defaults int // default values that were put in
	most     int // of them
	nesting  int // how many default values the one at hand is part of
}

// Default values multiply what a request costs: `[{},{},...]` may stand for
// thousands of objects with all their fields, and a default value of an input
// object may hold itself.
const (
	maxDefaults         = 100_000 // in the variables of a request
	maxDocumentDefaults = 20_000  // in the arguments of a document
	maxDefaultNested    = 50
)

// byDefault coerces a default value.
func (c *coercion) byDefault(of *ast.Type, literal *ast.Value) (any, error) {
	node, err := c.defaultNode(of, literal)
	if err != nil {
		return nil, err
	}
	return node.value(nil)
}

func (c *coercion) defaultNode(of *ast.Type, literal *ast.Value) (node, error) {
	c.defaults++
	if c.defaults > c.most {
		return nil, refusal(`More than %d default values are needed.`, c.most)
	}
	if c.nesting == maxDefaultNested {
		return nil, refusal(`Default values nest deeper than %d levels.`, maxDefaultNested)
	}
	c.nesting++
	defer func() { c.nesting-- }()
	return c.literal(of, literal)
}

func (c *coercion) enum(of *ast.Definition, name string) (any, error) {
	known := true
	value, err := c.call(of, func() (value any, _ error) {
		value, known = c.leaves.Enum(of, name)
		return value, nil
	})
	if err == nil && !known {
		return nil, refusal(`Value "%s" does not exist in "%s" enum.`, cut(name), of.Name)
	}
	return value, err
}

// call calls a method of Leaves. What it fails or panics with is a *leafError.
func (c *coercion) call(of *ast.Definition, leaf func() (any, error)) (value any, err error) {
	if value, err = guard(leaf); err != nil {
		return nil, &leafError{of: of, cause: err}
	}
	return value, nil
}

func guard(leaf func() (any, error)) (value any, err error) {
	defer ports.Recover(&err)
	return leaf()
}

// leafError is a failure of Leaves.
type leafError struct {
	of    *ast.Definition
	cause error
}

func (e *leafError) Error() string { return e.cause.Error() }

func (e *leafError) Unwrap() error { return e.cause }

// refusal is an error that says what is wrong with an input.
func refusal(format string, args ...any) error { return ports.Public(format, args...) }
