package federation

import (
	"errors"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// selected is a field of a set, with what is selected of it.
type selected struct {
	owner  *ast.Definition
	field  *ast.FieldDefinition
	fields []selected
}

func (f selected) coordinate() string { return f.owner.Name + "." + f.field.Name }

// fieldSet reads a set of fields of a type. A key has no arguments and abstract types in
// it.
func (s *subgraph) fieldSet(of *ast.Definition, text string, isKey bool) ([]selected, error) {
	document, err := parser.ParseQuery(&ast.Source{Input: "{" + text + "}"})
	if err != nil || len(document.Operations) != 1 || len(document.Fragments) != 0 {
		return nil, errors.New(`the fields are not written as GraphQL selects them: "id", "sku brand", "organization { id }"`)
	}
	return s.selection(of, document.Operations[0].SelectionSet, isKey)
}

func (s *subgraph) selection(of *ast.Definition, set ast.SelectionSet, isKey bool) ([]selected, error) {
	var fields []selected
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			f, err := s.selectedField(of, selection, isKey)
			if err != nil {
				return nil, err
			}
			fields = append(fields, f)
		case *ast.InlineFragment:
			condition := s.definitions.Types[selection.TypeCondition]
			if isKey || condition == nil || !condition.IsCompositeType() {
				return nil, fmt.Errorf("there is a fragment on %q", selection.TypeCondition)
			}
			inner, err := s.selection(condition, selection.SelectionSet, isKey)
			if err != nil {
				return nil, err
			}
			fields = append(fields, inner...)
		default:
			return nil, errors.New("there is a fragment")
		}
	}
	return fields, nil
}

func (s *subgraph) selectedField(of *ast.Definition, selection *ast.Field, isKey bool) (selected, error) {
	f := selected{owner: of, field: of.Fields.ForName(selection.Name)}
	if f.field == nil {
		return f, fmt.Errorf("the type %s has no field %q", of.Name, selection.Name)
	}
	if selection.Alias != selection.Name || len(selection.Directives) > 0 {
		return f, fmt.Errorf("%s has an alias or a directive", f.coordinate())
	}
	named := s.definitions.Types[f.field.Type.Name()]
	if isKey && (len(selection.Arguments) > 0 || len(f.field.Arguments) > 0 || named.IsAbstractType()) {
		return f, fmt.Errorf("%s cannot be in a key: it has arguments, or is an interface or a union", f.coordinate())
	}
	if named.IsCompositeType() != (len(selection.SelectionSet) > 0) {
		return f, fmt.Errorf("%s is of type %s: fields are selected of composite types, and of these only", f.coordinate(), f.field.Type)
	}
	var err error
	f.fields, err = s.selection(named, selection.SelectionSet, isKey)
	return f, err
}

// notExternal returns a field, of those at the ends of a set, that this subgraph
// resolves itself.
func (s *subgraph) notExternal(fields []selected) (selected, bool) {
	for _, f := range fields {
		switch {
		case s.external[f.coordinate()] || s.external[f.owner.Name] || f.owner.Kind == ast.Interface:
		case len(f.fields) == 0:
			return f, true
		default:
			if inner, found := s.notExternal(f.fields); found {
				return inner, true
			}
		}
	}
	return selected{}, false
}
