package gqlgen

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// ignoreDefer takes @defer out of a document that nobody else has yet: a response
// of the engine is one message, and a service may decide not to defer.
func ignoreDefer(document *ast.QueryDocument) {
	for _, operation := range document.Operations {
		ignoreDeferIn(operation.SelectionSet)
	}
	for _, fragment := range document.Fragments {
		ignoreDeferIn(fragment.SelectionSet)
	}
}

func ignoreDeferIn(set ast.SelectionSet) {
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			ignoreDeferIn(selection.SelectionSet)
		case *ast.InlineFragment:
			selection.Directives = slices.DeleteFunc(selection.Directives, isDefer)
			ignoreDeferIn(selection.SelectionSet)
		case *ast.FragmentSpread:
			selection.Directives = slices.DeleteFunc(selection.Directives, isDefer)
		}
	}
}

func isDefer(directive *ast.Directive) bool { return directive.Name == "defer" }
