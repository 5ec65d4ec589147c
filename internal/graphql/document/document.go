// Package document reads GraphQL documents for the schema adapters: it parses and
// validates them with gqlparser, and bounds what they may cost before that is
// spent.
package document

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/fanql/fanql/ports"
)

// Prepare parses, bounds and validates a document. The document that it returns is
// valid and is not to be modified.
func Prepare(schema *ast.Schema, text string, limits ports.Limits) (*ast.QueryDocument, ports.ResponseErrors) {
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Name: "GraphQL request", Input: text}, limits.Tokens)
	if err != nil {
		return nil, ports.NewResponseErrors(err.Error())
	}
	if errs := validator.ValidateWithRules(schema, document, nil); len(errs) > 0 {
		return nil, formatErrors(errs)
	}
	return document, nil
}

func formatErrors(errs gqlerror.List) ports.ResponseErrors {
	list := make(ports.ResponseErrors, len(errs))
	for i, err := range errs {
		list[i].Message = err.Message
		for _, at := range err.Locations {
			list[i].Locations = append(list[i].Locations, ports.Location{Line: at.Line, Column: at.Column})
		}
	}
	return list
}

// Operation finds the operation to execute (GraphQL, section 6.1, GetOperation).
func Operation(document *ast.QueryDocument, name string) (*ast.OperationDefinition, ports.ResponseErrors) {
	if name == "" {
		switch len(document.Operations) {
		case 0:
			return nil, ports.NewResponseErrors("the document has no operation")
		case 1:
			return document.Operations[0], nil
		}
		return nil, ports.NewResponseErrors("operationName is required: the document has several operations")
	}
	for _, operation := range document.Operations {
		if operation.Name == name {
			return operation, nil
		}
	}
	return nil, ports.NewResponseErrors(fmt.Sprintf("operationName: the document has no operation named %q", name))
}
