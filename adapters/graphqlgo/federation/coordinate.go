package federation

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// place is a set of kinds of definitions.
type place uint16

const (
	atObject place = 1 << iota
	atInterface
	atUnion
	atScalar
	atEnum
	atInput
	atField // of an object type
	atInterfaceField
	atInputField
	atArgument
	atEnumValue

	anywhere  = 1<<iota - 1
	protected = atObject | atScalar | atEnum | atField
)

func (p place) String() string {
	switch p {
	case atObject:
		return "an object type"
	case atInterface:
		return "an interface"
	case atUnion:
		return "a union"
	case atScalar:
		return "a scalar"
	case atEnum:
		return "an enum"
	case atInput:
		return "an input object"
	case atField:
		return "a field of an object type"
	case atInterfaceField:
		return "a field of an interface"
	case atInputField:
		return "a field of an input object"
	case atArgument:
		return "an argument"
	default:
		return "an enum value"
	}
}

// target is what a coordinate names.
type target struct {
	coordinate string
	place      place
	of         *ast.Definition      // the type, or that of the member
	field      *ast.FieldDefinition // of a field, or of an argument
}

// find returns what a schema coordinate names.
func (s *subgraph) find(coordinate string) (target, error) {
	typeName, member, isMember := strings.Cut(coordinate, ".")
	t := target{coordinate: coordinate, of: s.definitions.Types[typeName]}
	if t.of == nil || strings.HasPrefix(typeName, "__") || s.added[typeName] {
		return t, refuse("%s: the schema has no type %q; a type that no field leads to is given in graphql.SchemaConfig.Types", coordinate, typeName)
	}
	if !isMember {
		t.place = placeOf(t.of.Kind)
		return t, nil
	}
	name, argument, isArgument := strings.Cut(member, "(")
	if t.of.Kind == ast.Enum {
		t.place = atEnumValue
		if t.of.EnumValues.ForName(member) == nil {
			return t, refuse("%s: the enum %s has no value %q", coordinate, typeName, member)
		}
		return t, nil
	}
	if t.field = t.of.Fields.ForName(name); t.field == nil || strings.HasPrefix(name, "__") {
		return t, refuse("%s: the type %s has no field %q", coordinate, typeName, name)
	}
	if !isArgument {
		t.place = placeOfField(t.of.Kind)
		return t, nil
	}
	t.place = atArgument
	name, complete := strings.CutSuffix(argument, ":)")
	if !complete {
		return t, refuse("%s: an argument is written Type.field(argument:)", coordinate)
	}
	if t.field.Arguments.ForName(name) == nil {
		return t, refuse("%s: the field has no argument %q", coordinate, name)
	}
	return t, nil
}

func placeOf(kind ast.DefinitionKind) place {
	switch kind {
	case ast.Object:
		return atObject
	case ast.Interface:
		return atInterface
	case ast.Union:
		return atUnion
	case ast.Scalar:
		return atScalar
	case ast.Enum:
		return atEnum
	default:
		return atInput
	}
}

func placeOfField(kind ast.DefinitionKind) place {
	switch kind {
	case ast.Interface:
		return atInterfaceField
	case ast.InputObject:
		return atInputField
	default:
		return atField
	}
}

// isRoot reports whether a type is where operations begin.
func (s *subgraph) isRoot(of *ast.Definition) bool {
	return of == s.definitions.Query || of == s.definitions.Mutation || of == s.definitions.Subscription
}
