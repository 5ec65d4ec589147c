// Package document reads GraphQL documents for the schema adapters: it parses and
// validates them, and bounds what they may cost before that is spent.
package document

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/fanql/fanql/ports"
)

// Prepare parses, bounds and validates a document (GraphQL, sections 2 and 5). The
// schema is as gqlparser loads one: Query has the fields __schema and __type, and
// PossibleTypes has the object types of every interface and union. The schema is
// only read, so that calls may be concurrent.
//
// The document that Prepare returns is valid and has the definitions that
// gqlparser's validator would note in it; it is not to be modified. Lines end with a
// single line feed in its Source where the text has a carriage return and a line
// feed.
//
// Time and memory grow in proportion to the text, whatever the limits are. Errors
// are at most ten, and encode to at most 16 KiB.
func Prepare(schema *ast.Schema, text string, limits ports.Limits) (document *ast.QueryDocument, refused ports.ResponseErrors) {
	defer func() {
		if recover() != nil {
			document, refused = nil, ports.NewResponseErrors("the document could not be read")
		}
	}()
	if limits.Bytes > 0 && len(text) > limits.Bytes {
		return nil, ports.NewResponseErrors(fmt.Sprintf("the document is longer than %d bytes", limits.Bytes))
	}
	if !utf8.ValidString(text) {
		return nil, ports.NewResponseErrors("the document is not UTF-8")
	}
	// gqlparser counts the line feed of a pair as a column of the next line.
	text = strings.ReplaceAll(text, "\r\n", "\n")

	problems := &problems{text: text}
	blocks := scan(text, limits.Tokens, problems)
	if problems.found() {
		return nil, problems.errors()
	}
	document, err := parser.ParseQuery(&ast.Source{Name: "GraphQL request", Input: text})
	if err != nil {
		problems.addSyntax(err)
		return nil, problems.errors()
	}
	validation := &validation{schema: schema, limits: limits, document: document, problems: problems, blocks: blocks}
	validation.run()
	if problems.found() {
		return nil, problems.errors()
	}
	return document, nil
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
	message, _ := cut(fmt.Sprintf("operationName: the document has no operation named %q", name), maxMessage)
	return nil, ports.NewResponseErrors(message)
}
