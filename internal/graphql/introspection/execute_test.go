package introspection_test

import (
	"maps"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/introspection"
)

// execute validates a query and executes it, as simply as possible: each value must
// be of the type that its definition says.
func execute(t testing.TB, schema *ast.Schema, query string) map[string]any {
	t.Helper()
	document, errs := gqlparser.LoadQuery(schema, query)
	if errs != nil {
		t.Fatal(errs)
	}
	x := executor{t, schema}
	return x.object(root{introspection.New(schema)}, schema.Query, document.Operations[0].SelectionSet)
}

// root is the query type, as far as it is about introspection.
type root struct{ schema *introspection.Schema }

func (r root) Field(name string, arguments map[string]any) any {
	if name == "__schema" {
		return r.schema
	}
	return r.schema.Type(arguments["name"].(string))
}

type executor struct {
	t      testing.TB
	schema *ast.Schema
}

func (x executor) object(source introspection.Object, of *ast.Definition, selections ast.SelectionSet) map[string]any {
	result := map[string]any{}
	for _, selection := range selections {
		switch selection := selection.(type) {
		case *ast.Field:
			if selection.Name == "__typename" {
				result[selection.Alias] = of.Name
				continue
			}
			value := source.Field(selection.Name, selection.ArgumentMap(nil))
			result[selection.Alias] = x.complete(value, selection.Definition.Type, selection)
		case *ast.FragmentSpread:
			maps.Copy(result, x.object(source, of, selection.Definition.SelectionSet))
		}
	}
	return result
}

func (x executor) complete(value any, of *ast.Type, field *ast.Field) any {
	x.t.Helper()
	switch value := value.(type) {
	case nil:
		if of.NonNull {
			x.t.Errorf("%s is null", field.Name)
		}
		return nil
	case []introspection.Object:
		return completeList(x, value, of, field)
	case []string:
		return completeList(x, value, of, field)
	case introspection.Object:
		return x.object(value, x.named(of, ast.Object), field.SelectionSet)
	case bool:
		if of.Name() != "Boolean" {
			x.t.Errorf("%s is of type %s, not %v", field.Name, of, value)
		}
		return value
	case string:
		if of.Name() != "String" && x.named(of, ast.Enum).EnumValues.ForName(value) == nil {
			x.t.Errorf("%s is of type %s, not %q", field.Name, of, value)
		}
		return value
	default:
		x.t.Errorf("%s is a %T", field.Name, value)
		return nil
	}
}

func completeList[T any](x executor, list []T, of *ast.Type, field *ast.Field) []any {
	items := make([]any, len(list))
	for i, item := range list {
		items[i] = x.complete(item, of.Elem, field)
	}
	return items
}

func (x executor) named(of *ast.Type, kind ast.DefinitionKind) *ast.Definition {
	definition := x.schema.Types[of.NamedType]
	if definition == nil || definition.Kind != kind {
		x.t.Fatalf("%s is not a type of kind %s", of, kind)
	}
	return definition
}
