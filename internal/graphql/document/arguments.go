package document

import (
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// owner is what has arguments: a field, or else a directive.
type owner struct {
	at        *ast.Position
	field     *ast.Field
	directive string
}

func (o owner) unknown() string {
	if o.field == nil {
		return fmt.Sprintf(`directive "@%s"`, o.directive)
	}
	parent := ""
	if o.field.ObjectDefinition != nil {
		parent = o.field.ObjectDefinition.Name + "."
	}
	return fmt.Sprintf(`field "%s%s"`, parent, o.field.Name)
}

func (o owner) required() string {
	if o.field == nil {
		return fmt.Sprintf(`Directive "@%s"`, o.directive)
	}
	return fmt.Sprintf("Field %q", o.field.Name)
}

// arguments checks them against their definitions (GraphQL, section 5.4).
func (v *validation) arguments(definitions ast.ArgumentDefinitionList, given ast.ArgumentList, of owner) {
	var names names
	for _, argument := range given {
		if names.again(argument.Name) {
			v.problems.add(argument.Position, "There can be only one argument named %q.", argument.Name)
		}
		definition := v.argument(definitions, argument.Name)
		if definition == nil {
			v.problems.add(argument.Position, "Unknown argument %q on %s.", argument.Name, of.unknown())
			v.value(argument.Value, nil, false)
		} else {
			v.value(argument.Value, definition.Type, definition.DefaultValue != nil)
		}
		if v.problems.full() {
			return
		}
	}
	for _, definition := range definitions {
		if definition.Type.NonNull && definition.DefaultValue == nil && given.ForName(definition.Name) == nil {
			v.problems.add(of.at, "%s argument %q of type %q is required, but it was not provided.", of.required(), definition.Name, definition.Type)
		}
	}
}

func (v *validation) argument(definitions ast.ArgumentDefinitionList, name string) *ast.ArgumentDefinition {
	if len(definitions) == 0 {
		return nil
	}
	return find(v, definitions[0], name, len(definitions), definitions.ForName)
}

// unknownArguments visits the arguments of a field or directive that is not known.
func (v *validation) unknownArguments(given ast.ArgumentList) {
	var names names
	for _, argument := range given {
		if names.again(argument.Name) {
			v.problems.add(argument.Position, "There can be only one argument named %q.", argument.Name)
		}
		v.value(argument.Value, nil, false)
	}
}

// directives checks the directives of one place (GraphQL, section 5.7).
func (v *validation) directives(parent *ast.Definition, directives ast.DirectiveList, location ast.DirectiveLocation) {
	var names names
	for _, directive := range directives {
		if v.problems.full() {
			return
		}
		definition := v.schema.Directives[directive.Name]
		directive.Definition, directive.ParentDefinition, directive.Location = definition, parent, location
		if definition == nil {
			v.problems.add(directive.Position, `Unknown directive "@%s".`, directive.Name)
			v.unknownArguments(directive.Arguments)
			continue
		}
		if !slices.Contains(definition.Locations, location) {
			v.problems.add(directive.Position, `Directive "@%s" may not be used on %s.`, directive.Name, location)
		}
		if names.again(directive.Name) && !definition.IsRepeatable {
			v.problems.add(directive.Position, `The directive "@%s" can only be used once at this location.`, directive.Name)
		}
		v.arguments(definition.Arguments, directive.Arguments, owner{at: directive.Position, directive: directive.Name})
	}
}
