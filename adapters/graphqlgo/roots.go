package graphqlgo

import (
	"strings"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// roots finds the root types, and adds the fields of introspection to that of
// queries.
func (c *converter) roots(source graphql.Schema) {
	s := c.schema
	if query := source.QueryType(); query != nil {
		s.types.Query, s.root[ast.Query] = s.types.Types[query.Name()], s.objects[query.Name()]
	}
	if mutation := source.MutationType(); mutation != nil {
		s.types.Mutation, s.root[ast.Mutation] = s.types.Types[mutation.Name()], s.objects[mutation.Name()]
	}
	if subscription := source.SubscriptionType(); subscription != nil {
		s.types.Subscription, s.root[ast.Subscription] = s.types.Types[subscription.Name()], s.objects[subscription.Name()]
	}
	for _, meta := range []*graphql.FieldDefinition{graphql.SchemaMetaFieldDef, graphql.TypeMetaFieldDef} {
		definition := &ast.FieldDefinition{Name: meta.Name, Description: meta.Description, Type: typeOf(meta.Type)}
		definition.Arguments, _ = c.argumentList(meta.Name, meta.Args)
		s.types.Query.Fields = append(s.types.Query.Fields, definition)
		c.addField(s.root[ast.Query], definition, meta)
	}
}

// directives adds the directives of a schema, and those that every schema has.
func (c *converter) directives(source graphql.Schema) error {
	defined := append([]*graphql.Directive{graphql.SkipDirective, graphql.IncludeDirective, graphql.DeprecatedDirective}, source.Directives()...)
	for _, directive := range defined {
		arguments, err := c.argumentList("@"+directive.Name, directive.Args)
		if err != nil {
			return err
		}
		definition := &ast.DirectiveDefinition{
			Name:        directive.Name,
			Description: directive.Description,
			Arguments:   arguments,
		}
		for _, location := range directive.Locations {
			definition.Locations = append(definition.Locations, ast.DirectiveLocation(location))
		}
		c.schema.types.Directives[directive.Name] = definition
	}
	return nil
}

func byEnumName(a, b *graphql.EnumValueDefinition) int { return strings.Compare(a.Name, b.Name) }

func byArgumentName(a, b *ast.ArgumentDefinition) int { return strings.Compare(a.Name, b.Name) }
