package input

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/ports"
)

// Template is the arguments of a field or of a directive in a document. It can be
// used concurrently.
type Template struct{ arguments object }

// NewTemplate coerces what is constant in arguments, default values included
// (GraphQL, section 6.4.1, CoerceArgumentValues). The errors are those of the
// literals that are not of their type (GraphQL, section 5.6.1), at most ten, with
// their places; validation has found what else there may be.
func NewTemplate(schema *ast.Schema, definitions ast.ArgumentDefinitionList, given ast.ArgumentList, leaves Leaves) (*Template, ports.ResponseErrors) {
	return NewTemplates(schema, leaves).New(definitions, given)
}

// Templates makes the templates of one document, whose default values are bounded
// together.
type Templates struct{ coercion }

// NewTemplates begins a document.
func NewTemplates(schema *ast.Schema, leaves Leaves) *Templates {
	return &Templates{coercion{schema: schema, leaves: leaves, most: maxDocumentDefaults}}
}

// New is NewTemplate.
func (c *Templates) New(definitions ast.ArgumentDefinitionList, given ast.ArgumentList) (*Template, ports.ResponseErrors) {
	var errs errorList
	t := &Template{arguments: object{noun: "Argument"}}
	for _, definition := range definitions {
		var literal *ast.Value
		if argument := given.ForName(definition.Name); argument != nil {
			literal = argument.Value
		}
		if err := c.addMember(&t.arguments, definition.Name, definition.Type, literal, definition.DefaultValue); err != nil {
			errs.add(literalFailure(err))
		}
	}
	if len(errs.list) > 0 {
		return nil, errs.list
	}
	return t, nil
}

// Size is about how many bytes of memory the constants take.
func (t *Template) Size() int { return sizeOf(t.arguments) }

// Map makes the arguments for one call. The map and all lists and input objects in
// it belong to the caller; variables, coerced, are only read. An error is for the
// field: what user code failed with, or a *ports.PublicError where variables do not
// fit (GraphQL, section 5.8.5, leaves some to execution).
func (t *Template) Map(variables map[string]any) (map[string]any, error) {
	return t.arguments.of(variables)
}
