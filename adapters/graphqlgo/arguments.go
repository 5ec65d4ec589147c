package graphqlgo

import (
	"maps"
	"slices"
	"strings"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/input"
)

func (c *converter) argumentList(owner string, arguments []*graphql.Argument) (ast.ArgumentDefinitionList, error) {
	var list ast.ArgumentDefinitionList
	for _, argument := range arguments {
		byDefault, err := c.byDefault(argument.Type, argument.DefaultValue)
		if err != nil {
			return nil, refuse("the default value of the argument %s of %s: %w", argument.Name(), owner, err)
		}
		list = append(list, &ast.ArgumentDefinition{
			Name:         argument.Name(),
			Description:  argument.Description(),
			Type:         typeOf(argument.Type),
			DefaultValue: byDefault,
		})
	}
	slices.SortFunc(list, byArgumentName)
	return list, nil
}

func byArgumentName(a, b *ast.ArgumentDefinition) int { return strings.Compare(a.Name, b.Name) }

func (c *converter) inputFields(definition *ast.Definition, of *graphql.InputObject) error {
	fields := of.Fields()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f := fields[name]
		byDefault, err := c.byDefault(f.Type, f.DefaultValue)
		if err != nil {
			return refuse("the default value of %s.%s: %w", definition.Name, name, err)
		}
		definition.Fields = append(definition.Fields, &ast.FieldDefinition{
			Name:         name,
			Description:  f.Description(),
			Type:         typeOf(f.Type),
			DefaultValue: byDefault,
		})
	}
	return nil
}

// arguments makes the arguments of the fields that are selected without any.
func (c *converter) arguments() error {
	for _, name := range slices.Sorted(maps.Keys(c.schema.objects)) {
		for _, f := range c.schema.objects[name].fields {
			if err := c.template(f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *converter) template(f *field) error {
	optional := withDefault(f.definition.Arguments)
	if len(optional) == 0 {
		f.arguments = c.none
		return nil
	}
	template, errs := input.NewTemplate(c.schema.types, optional, nil, c.schema.leaves)
	if errs != nil {
		return refuse("a default value of the arguments of %s: %s", f.label, errs[0].Message)
	}
	f.arguments = template
	return nil
}

// withDefault leaves out the arguments that are absent if a document does not give
// them.
func withDefault(arguments ast.ArgumentDefinitionList) ast.ArgumentDefinitionList {
	return slices.DeleteFunc(slices.Clone(arguments), func(a *ast.ArgumentDefinition) bool { return a.DefaultValue == nil })
}
