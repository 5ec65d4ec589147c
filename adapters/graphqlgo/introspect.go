package graphqlgo

import (
	"slices"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/introspection"
)

// introspection adds what every schema has: the types of introspection and the
// fields that lead to them (GraphQL, section 4). graphql-go's own are of an older
// edition.
func (c *converter) introspection() {
	types := c.schema.types
	declared := introspection.Declare(types)
	for _, definition := range declared {
		switch definition.Kind {
		case ast.Enum:
			c.introspectionEnum(definition)
		default:
			c.schema.objects[definition.Name] = &object{name: definition.Name, fields: map[string]*field{}}
		}
	}
	schema, query := introspection.New(types), c.schema.objects[types.Query.Name]
	c.answer(query, types.Query.Fields.ForName("__schema"), func(any, map[string]any) any { return schema })
	c.answer(query, types.Query.Fields.ForName("__type"), func(_ any, arguments map[string]any) any {
		name, _ := arguments["name"].(string)
		return schema.Type(name)
	})
	complete := sync.OnceFunc(func() { c.members(declared) })
	for _, definition := range declared {
		if o := c.schema.objects[definition.Name]; o != nil {
			o.complete = complete
		}
	}
}

// members makes the fields of the types of introspection, which most processes never
// need: a Lambda function would make them in every cold start.
func (c *converter) members(declared []*ast.Definition) {
	for _, definition := range declared {
		o := c.schema.objects[definition.Name]
		for _, f := range definition.Fields {
			c.answer(o, f, func(source any, arguments map[string]any) any {
				asked, _ := source.(introspection.Object) // never anything else
				return asked.Field(f.Name, arguments)
			})
			_ = c.template(o.fields[f.Name]) // of default values that are right
		}
	}
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
