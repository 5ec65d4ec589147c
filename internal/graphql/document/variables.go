package document

import (
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// use is a place where a variable stands.
type use struct {
	value *ast.Value
	// oneOf is set when the variable is the only field of a OneOf input object.
	oneOf *ast.Definition
}

func (v *validation) use(value *ast.Value, oneOf *ast.Definition) {
	if v.current == nil {
		v.problems.add(value.Position, `Unexpected variable "$%s" in constant value.`, value.Raw)
		return
	}
	v.current.uses = append(v.current.uses, use{value, oneOf})
}

// variableDefinitions checks those of an operation (GraphQL, sections 5.8.1 and
// 5.8.2, and 5.6.1 for defaults).
func (v *validation) variableDefinitions(operation *ast.OperationDefinition) {
	var names names
	for _, variable := range operation.VariableDefinitions {
		if v.problems.full() {
			return
		}
		if names.again(variable.Variable) {
			v.problems.add(variable.Position, `There can be only one variable named "$%s".`, variable.Variable)
		}
		variable.Definition = v.schema.Types[variable.Type.Name()]
		expected := variable.Type
		switch {
		case variable.Definition == nil:
			v.problems.add(variable.Type.Position, "Unknown type %q.", variable.Type.Name())
			expected = nil
		case !variable.Definition.IsInputType():
			v.problems.add(variable.Type.Position, `Variable "$%s" cannot be non-input type %q.`, variable.Variable, variable.Type)
			expected = nil
		}
		if variable.DefaultValue != nil {
			v.value(variable.DefaultValue, expected, false)
		}
		v.directives(variable.Definition, variable.Directives, ast.LocationVariableDefinition)
	}
}

// checkVariables compares definitions and uses (GraphQL, sections 5.8.3 to 5.8.5),
// and finds fragments that nothing uses (section 5.5.1.4).
func (v *validation) checkVariables() {
	used := make([]bool, len(v.fragments))
	for i := range v.operations {
		for _, spread := range v.operations[i].spreads {
			used[spread.fragment] = true
		}
	}
	// A fragment comes after all that it spreads: backwards, before them.
	for _, i := range slices.Backward(v.order) {
		if used[i] {
			for _, spread := range v.fragments[i].spreads {
				used[spread.fragment] = true
			}
		}
	}
	for i, fragment := range v.document.Fragments {
		if !used[i] {
			v.problems.add(fragment.Position, "Fragment %q is never used.", fragment.Name)
		}
	}
	for _, i := range v.order {
		fragment := &v.fragments[i]
		fragment.variables = len(fragment.uses) > 0
		for _, spread := range fragment.spreads {
			fragment.variables = fragment.variables || v.fragments[spread.fragment].variables
		}
	}
	reach := &reach{validation: v}
	for i, operation := range v.document.Operations {
		if v.problems.full() {
			return
		}
		v.checkUses(operation, &v.operations[i], reach)
	}
}

// checkUses compares the variables of an operation with their uses in it and in the
// fragments that it reaches.
func (v *validation) checkUses(operation *ast.OperationDefinition, operationPart *part, reach *reach) {
	definition := definitions(operation.VariableDefinitions)
	reach.each(operationPart, func(of *part) bool {
		if !v.spend(1+len(of.uses)) || v.problems.full() {
			return false
		}
		for _, use := range of.uses {
			variable := definition(use.value.Raw)
			if variable == nil {
				v.problems.addAt([]*ast.Position{use.value.Position, operation.Position}, `Variable "$%s" is not defined%s.`,
					use.value.Raw, byOperation(" by", operation))
				continue
			}
			variable.Used, use.value.VariableDefinition = true, variable
			v.position(use, variable)
		}
		return true
	})
	for _, variable := range operation.VariableDefinitions {
		if !variable.Used {
			v.problems.add(variable.Position, `Variable "$%s" is never used%s.`, variable.Variable, byOperation(" in", operation))
		}
	}
}

func byOperation(preposition string, operation *ast.OperationDefinition) string {
	if operation.Name == "" {
		return ""
	}
	return fmt.Sprintf("%s operation %q", preposition, operation.Name)
}

// definitions finds a variable by its name: a few are compared, many are hashed.
func definitions(list ast.VariableDefinitionList) func(name string) *ast.VariableDefinition {
	const few = 8
	if len(list) <= few {
		return list.ForName
	}
	byName := make(map[string]*ast.VariableDefinition, len(list))
	for _, variable := range list {
		byName[variable.Variable] = variable
	}
	return func(name string) *ast.VariableDefinition { return byName[name] }
}

// position: a variable stands only where its type fits (GraphQL, section 5.8.5).
func (v *validation) position(use use, variable *ast.VariableDefinition) {
	if use.oneOf != nil {
		if !variable.Type.NonNull {
			v.problems.addAt([]*ast.Position{variable.Position, use.value.Position},
				`Variable "$%s" is of type %q but must be non-nullable to be used for OneOf Input Object %q.`, variable.Variable, variable.Type, use.oneOf.Name)
		}
		return
	}
	expected := use.value.ExpectedType
	if expected == nil {
		return
	}
	hasDefault := variable.DefaultValue != nil && variable.DefaultValue.Kind != ast.NullValue
	nullable := !expected.NonNull || variable.Type.NonNull || hasDefault || use.value.ExpectedTypeHasDefault
	if !nullable || !fits(variable.Type, expected) {
		v.problems.addAt([]*ast.Position{variable.Position, use.value.Position},
			`Variable "$%s" of type %q used in position expecting type %q.`, variable.Variable, variable.Type, expected)
	}
}

// fits reports whether all values of a type but null are values of another, as is
// null below a list.
func fits(given, expected *ast.Type) bool {
	for given.Elem != nil && expected.Elem != nil {
		given, expected = given.Elem, expected.Elem
		if expected.NonNull && !given.NonNull {
			return false
		}
	}
	return given.Elem == nil && expected.Elem == nil && given.NamedType == expected.NamedType
}
