package graphqlgo

import (
	"sync"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/document"
	"github.com/fanql/fanql/internal/graphql/input"
	"github.com/fanql/fanql/ports"
)

// queryDocument is a document that is valid.
type queryDocument struct {
	schema     *Schema
	parsed     *ast.QueryDocument
	text       string
	templates  map[*ast.Field]*input.Template // of the fields that have arguments
	nodes      func() *nodeTree
	operations []*operation
	cost       int
	// room is how many more planned fields are kept.
	room atomic.Int64
}

var _ ports.Document = (*queryDocument)(nil)

func (s *Schema) newDocument(parsed *ast.QueryDocument, text string) (*queryDocument, ports.ResponseErrors) {
	d := &queryDocument{schema: s, parsed: parsed, text: text, templates: map[*ast.Field]*input.Template{}}
	d.nodes = sync.OnceValue(func() *nodeTree { return newNodeTree(parsed, text) })
	c := literalCheck{document: d, templates: input.NewTemplates(s.types, s.leaves)}
	for _, definition := range parsed.Operations {
		c.directives(definition.Directives)
		for _, variable := range definition.VariableDefinitions {
			c.variable(variable)
		}
		c.selectionSet(definition.SelectionSet)
		d.operations = append(d.operations, newOperation(d, definition))
	}
	for _, fragment := range parsed.Fragments {
		c.directives(fragment.Directives)
		c.selectionSet(fragment.SelectionSet)
	}
	if c.errors != nil {
		return nil, c.errors
	}
	kept, cost := measure(s, parsed, text)
	for _, template := range d.templates {
		cost += template.Size()
	}
	d.cost = cost
	d.room.Store(int64(kept))
	return d, nil
}

// Operation finds the operation to execute.
func (d *queryDocument) Operation(name string) (ports.OperationDefinition, ports.ResponseErrors) {
	definition, errs := document.Operation(d.parsed, name)
	if errs != nil {
		return nil, errs
	}
	for _, o := range d.operations {
		if o.definition == definition {
			return o, nil
		}
	}
	return nil, ports.NewResponseErrors("the document has no operation")
}

// Cost is about the bytes that the document and its plans take, once all is planned
// that is kept.
func (d *queryDocument) Cost() int { return d.cost }

// keeps reports whether there is room to keep a selection.
func (d *queryDocument) keeps(s *selection) bool {
	fields := int64(len(s.fields))
	if d.room.Add(-fields) >= 0 {
		return true
	}
	d.room.Add(fields)
	return false
}

// literalCheck coerces the arguments of a document (GraphQL, section 5.6.1).
type literalCheck struct {
	document  *queryDocument
	templates *input.Templates
	errors    ports.ResponseErrors
	full      bool
}

// variable checks the default value as if it were an argument.
func (c *literalCheck) variable(definition *ast.VariableDefinition) {
	c.directives(definition.Directives)
	if definition.DefaultValue != nil {
		c.arguments(
			ast.ArgumentDefinitionList{{Name: definition.Variable, Type: definition.Type}},
			ast.ArgumentList{{Name: definition.Variable, Value: definition.DefaultValue}},
		)
	}
}

func (c *literalCheck) selectionSet(set ast.SelectionSet) {
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			if len(selection.Arguments) > 0 {
				c.document.templates[selection] = c.arguments(selection.Definition.Arguments, selection.Arguments)
			}
			c.directives(selection.Directives)
			c.selectionSet(selection.SelectionSet)
		case *ast.InlineFragment:
			c.directives(selection.Directives)
			c.selectionSet(selection.SelectionSet)
		case *ast.FragmentSpread:
			c.directives(selection.Directives)
		}
	}
}

func (c *literalCheck) directives(directives ast.DirectiveList) {
	for _, directive := range directives {
		c.arguments(directive.Definition.Arguments, directive.Arguments)
	}
}

func (c *literalCheck) arguments(definitions ast.ArgumentDefinitionList, given ast.ArgumentList) *input.Template {
	if c.full {
		return nil
	}
	template, errs := c.templates.New(definitions, given)
	for _, err := range errs {
		if c.full = len(c.errors) == maxErrors || len(append(c.errors, err).AppendJSON(nil)) > maxErrorsBytes; c.full {
			break
		}
		c.errors = append(c.errors, err)
	}
	return template
}

// The bounds of the errors of a request (ports.Schema).
const (
	maxErrors      = 10
	maxErrorsBytes = 16 << 10
)
