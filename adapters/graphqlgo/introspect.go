package graphqlgo

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/introspection"
)

// introspection adds what every schema has: the types of introspection and the
// fields that lead to them (GraphQL, section 4). graphql-go's own are of an older
// edition.
func (c *converter) introspection() {
	types := c.schema.types
	before := maps.Clone(types.Types)
	introspection.Declare(types)
	var added []*ast.Definition
	for name, definition := range types.Types {
		if before[name] == nil {
			added = append(added, definition)
		}
	}
	for _, definition := range added {
		switch definition.Kind {
		case ast.Enum:
			c.introspectionEnum(definition)
		default:
			c.schema.objects[definition.Name] = &object{name: definition.Name, fields: map[string]*field{}}
		}
	}
	for _, definition := range added {
		for _, f := range definition.Fields {
			c.answer(c.schema.objects[definition.Name], f, func(source any, arguments map[string]any) any {
				asked, _ := source.(introspection.Object) // never anything else
				return asked.Field(f.Name, arguments)
			})
		}
	}
	schema, query := introspection.New(types), c.schema.objects[types.Query.Name]
	c.answer(query, types.Query.Fields.ForName("__schema"), func(any, map[string]any) any { return schema })
	c.answer(query, types.Query.Fields.ForName("__type"), func(_ any, arguments map[string]any) any {
		name, _ := arguments["name"].(string)
		return schema.Type(name)
	})
}

func (c *converter) answer(o *object, definition *ast.FieldDefinition, answer func(any, map[string]any) any) {
	f := c.addField(o, definition)
	f.answer = answer
}

func (c *converter) introspectionEnum(definition *ast.Definition) {
	names := make(map[any]string, len(definition.EnumValues))
	for value := range slices.Values(definition.EnumValues) {
		names[value.Name] = value.Name
	}
	c.leaves[definition.Name] = &leaf{name: definition.Name, names: names}
}
