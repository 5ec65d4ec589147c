package graphqlgo

import (
	"slices"
	"strings"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// roots finds the root types.
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
}

// directives adds the directives of a schema but for those that every schema has:
// graphql-go's own are of an older edition.
func (c *converter) directives(source graphql.Schema) error {
	for _, directive := range source.Directives() {
		if slices.Contains([]*graphql.Directive{graphql.SkipDirective, graphql.IncludeDirective, graphql.DeprecatedDirective}, directive) {
			continue
		}
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
