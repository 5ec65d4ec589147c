package graphqlgo

import (
	"sync"

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
}

var _ ports.Document = (*queryDocument)(nil)

func (s *Schema) newDocument(parsed *ast.QueryDocument, text string) (*queryDocument, ports.ResponseErrors) {
	d := &queryDocument{schema: s, parsed: parsed, text: text, templates: map[*ast.Field]*input.Template{}}
	d.nodes = sync.OnceValue(func() *nodeTree { return newNodeTree(parsed, text) })
	c := literalCheck{document: d}
	for _, definition := range parsed.Operations {
		c.selectionSet(definition.SelectionSet)
		d.operations = append(d.operations, newOperation(d, definition))
	}
	for _, fragment := range parsed.Fragments {
		c.selectionSet(fragment.SelectionSet)
	}
	if c.errors != nil {
		return nil, c.errors
	}
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

// Cost is about the bytes that the document takes.
func (d *queryDocument) Cost() int { return 100*len(d.text) + 4096 }

// literalCheck coerces the arguments of a document's fields (GraphQL, section
// 5.6.1).
type literalCheck struct {
	document *queryDocument
	errors   ports.ResponseErrors
}

func (c *literalCheck) selectionSet(set ast.SelectionSet) {
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			c.field(selection)
			c.selectionSet(selection.SelectionSet)
		case *ast.InlineFragment:
			c.selectionSet(selection.SelectionSet)
		}
	}
}

func (c *literalCheck) field(f *ast.Field) {
	if len(f.Arguments) == 0 || len(c.errors) >= maxErrors {
		return
	}
	template, errs := input.NewTemplate(c.document.schema.types, f.Definition.Arguments, f.Arguments, c.document.schema.leaves)
	if errs != nil {
		c.errors = append(c.errors, errs...)
		c.errors = c.errors[:min(len(c.errors), maxErrors)]
		return
	}
	c.document.templates[f] = template
}

// maxErrors is how many errors of a request are returned.
const maxErrors = 10
