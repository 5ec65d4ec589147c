package gqlgen

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/input"
	"github.com/fanql/fanql/ports"
)

// settler readies a valid document for gqlgen's executor, once.
type settler struct {
	schema *ast.Schema
	errs   ports.ResponseErrors
}

// settle checks the literals of a document, and takes @defer out of it: a
// response of the engine is one message, and a service may decide not to defer.
func settle(schema *ast.Schema, document *ast.QueryDocument) ports.ResponseErrors {
	s := settler{schema: schema}
	for _, operation := range document.Operations {
		s.directives(operation.Directives)
		s.selections(operation.SelectionSet)
	}
	for _, fragment := range document.Fragments {
		s.directives(fragment.Directives)
		s.selections(fragment.SelectionSet)
	}
	return s.errs
}

func (s *settler) selections(set ast.SelectionSet) {
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			if selection.Definition != nil {
				s.arguments(selection.Definition.Arguments, selection.Arguments)
			}
			s.directives(selection.Directives)
			s.selections(selection.SelectionSet)
		case *ast.InlineFragment:
			s.directives(selection.Directives)
			selection.Directives = slices.DeleteFunc(selection.Directives, isDefer)
			s.selections(selection.SelectionSet)
		case *ast.FragmentSpread:
			s.directives(selection.Directives)
			selection.Directives = slices.DeleteFunc(selection.Directives, isDefer)
		}
	}
}

func (s *settler) directives(directives ast.DirectiveList) {
	for _, directive := range directives {
		if directive.Definition != nil {
			s.arguments(directive.Definition.Arguments, directive.Arguments)
		}
	}
}

// arguments checks the literals of arguments, which gqlgen would not until it
// executes them (GraphQL, section 5.6.1). The errors of one list are enough.
func (s *settler) arguments(definitions ast.ArgumentDefinitionList, given ast.ArgumentList) {
	if len(given) > 0 && len(s.errs) == 0 {
		_, s.errs = input.NewTemplate(s.schema, definitions, given, leaves{})
	}
}

func isDefer(directive *ast.Directive) bool { return directive.Name == "defer" }
