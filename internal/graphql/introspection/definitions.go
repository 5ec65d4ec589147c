package introspection

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Declare adds to a schema what every schema has: the types of introspection
// (GraphQL, section 4.2), the fields __schema and __type of the query type, and the
// directives of section 3.13 that the schema does not define itself. The schema has
// a query type, and the scalars String and Boolean. Declare returns the types.
func Declare(schema *ast.Schema) []*ast.Definition {
	declared := []*ast.Definition{
		schemaType(), typeType(), typeKind(), fieldType(), inputValueType(), enumValueType(), directiveType(), directiveLocation(),
	}
	for _, definition := range declared {
		schema.Types[definition.Name] = definition
		if definition.Kind == ast.Object {
			schema.AddPossibleType(definition.Name, definition)
		}
	}
	for _, directive := range directives() {
		if schema.Directives[directive.Name] == nil {
			schema.Directives[directive.Name] = directive
		}
	}
	schema.Query.Fields = append(schema.Query.Fields,
		field("__schema", "__Schema!", "Access the current type schema of this server."),
		field("__type", "__Type", "Request the type information of a single type.", argument("name", "String!", "", nil)),
	)
	return declared
}

func directives() []*ast.DirectiveDefinition {
	return []*ast.DirectiveDefinition{
		{
			Name:        "include",
			Description: "Directs the executor to include this field or fragment only when the `if` argument is true.",
			Arguments:   ast.ArgumentDefinitionList{argument("if", "Boolean!", "Included when true.", nil)},
			Locations:   []ast.DirectiveLocation{ast.LocationField, ast.LocationFragmentSpread, ast.LocationInlineFragment},
		},
		{
			Name:        "skip",
			Description: "Directs the executor to skip this field or fragment when the `if` argument is true.",
			Arguments:   ast.ArgumentDefinitionList{argument("if", "Boolean!", "Skipped when true.", nil)},
			Locations:   []ast.DirectiveLocation{ast.LocationField, ast.LocationFragmentSpread, ast.LocationInlineFragment},
		},
		{
			Name:        "deprecated",
			Description: "Marks an element of a GraphQL schema as no longer supported.",
			Arguments: ast.ArgumentDefinitionList{argument("reason", "String",
				"Explains why this element was deprecated, usually also including a suggestion for how to access supported similar data. Formatted using the Markdown syntax, as specified by [CommonMark](https://commonmark.org/).",
				&ast.Value{Kind: ast.StringValue, Raw: defaultReason})},
			Locations: []ast.DirectiveLocation{ast.LocationFieldDefinition, ast.LocationArgumentDefinition, ast.LocationInputFieldDefinition, ast.LocationEnumValue},
		},
		{
			Name:        "specifiedBy",
			Description: "Exposes a URL that specifies the behavior of this scalar.",
			Arguments:   ast.ArgumentDefinitionList{argument("url", "String!", "The URL that specifies the behavior of this scalar.", nil)},
			Locations:   []ast.DirectiveLocation{ast.LocationScalar},
		},
	}
}

func schemaType() *ast.Definition {
	return object("__Schema",
		"A GraphQL Schema defines the capabilities of a GraphQL server. It exposes all available types and directives on the server, as well as the entry points for query, mutation, and subscription operations.",
		field("description", "String", ""),
		field("types", "[__Type!]!", "A list of all types supported by this server."),
		field("queryType", "__Type!", "The type that query operations will be rooted at."),
		field("mutationType", "__Type", "If this server supports mutation, the type that mutation operations will be rooted at."),
		field("subscriptionType", "__Type", "If this server support subscription, the type that subscription operations will be rooted at."),
		field("directives", "[__Directive!]!", "A list of all directives supported by this server."),
	)
}

func typeType() *ast.Definition {
	return object("__Type",
		"The fundamental unit of any GraphQL Schema is the type. There are many kinds of types in GraphQL as represented by the `__TypeKind` enum.\n\n"+
			"Depending on the kind of a type, certain fields describe information about that type. Scalar types provide no information beyond a name, description and optional `specifiedByURL`, while Enum types provide their values. Object and Interface types provide the fields they describe. Abstract types, Union and Interface, provide the Object types possible at runtime. List and NonNull types compose other types.",
		field("kind", "__TypeKind!", ""),
		field("name", "String", ""),
		field("description", "String", ""),
		field("specifiedByURL", "String", ""),
		field("fields", "[__Field!]", "", includeDeprecated()),
		field("interfaces", "[__Type!]", ""),
		field("possibleTypes", "[__Type!]", ""),
		field("enumValues", "[__EnumValue!]", "", includeDeprecated()),
		field("inputFields", "[__InputValue!]", "", includeDeprecated()),
		field("ofType", "__Type", ""),
	)
}

func typeKind() *ast.Definition {
	return enum("__TypeKind", "An enum describing what kind of type a given `__Type` is.",
		value("SCALAR", "Indicates this type is a scalar."),
		value("OBJECT", "Indicates this type is an object. `fields` and `interfaces` are valid fields."),
		value("INTERFACE", "Indicates this type is an interface. `fields`, `interfaces`, and `possibleTypes` are valid fields."),
		value("UNION", "Indicates this type is a union. `possibleTypes` is a valid field."),
		value("ENUM", "Indicates this type is an enum. `enumValues` is a valid field."),
		value("INPUT_OBJECT", "Indicates this type is an input object. `inputFields` is a valid field."),
		value(kindList, "Indicates this type is a list. `ofType` is a valid field."),
		value(kindNonNull, "Indicates this type is a non-null. `ofType` is a valid field."),
	)
}

func fieldType() *ast.Definition {
	return object("__Field",
		"Object and Interface types are described by a list of Fields, each of which has a name, potentially a list of arguments, and a return type.",
		field("name", "String!", ""),
		field("description", "String", ""),
		field("args", "[__InputValue!]!", "", includeDeprecated()),
		field("type", "__Type!", ""),
		field("isDeprecated", "Boolean!", ""),
		field("deprecationReason", "String", ""),
	)
}

func inputValueType() *ast.Definition {
	return object("__InputValue",
		"Arguments provided to Fields or Directives and the input fields of an InputObject are represented as Input Values which describe their type and optionally a default value.",
		field("name", "String!", ""),
		field("description", "String", ""),
		field("type", "__Type!", ""),
		field("defaultValue", "String", "A GraphQL-formatted string representing the default value for this input value."),
		field("isDeprecated", "Boolean!", ""),
		field("deprecationReason", "String", ""),
	)
}

func enumValueType() *ast.Definition {
	return object("__EnumValue",
		"One possible value for a given Enum. Enum values are unique values, not a placeholder for a string or numeric value. However an Enum value is returned in a JSON response as a string.",
		field("name", "String!", ""),
		field("description", "String", ""),
		field("isDeprecated", "Boolean!", ""),
		field("deprecationReason", "String", ""),
	)
}

func directiveType() *ast.Definition {
	return object("__Directive",
		"A Directive provides a way to describe alternate runtime execution and type validation behavior in a GraphQL document.\n\n"+
			"In some cases, you need to provide options to alter GraphQL's execution behavior in ways field arguments will not suffice, such as conditionally including or skipping a field. Directives provide this by describing additional information to the executor.",
		field("name", "String!", ""),
		field("description", "String", ""),
		field("isRepeatable", "Boolean!", ""),
		field("locations", "[__DirectiveLocation!]!", ""),
		field("args", "[__InputValue!]!", "", includeDeprecated()),
	)
}

func directiveLocation() *ast.Definition {
	return enum("__DirectiveLocation",
		"A Directive can be adjacent to many parts of the GraphQL language, a __DirectiveLocation describes one such possible adjacencies.",
		value("QUERY", "Location adjacent to a query operation."),
		value("MUTATION", "Location adjacent to a mutation operation."),
		value("SUBSCRIPTION", "Location adjacent to a subscription operation."),
		value("FIELD", "Location adjacent to a field."),
		value("FRAGMENT_DEFINITION", "Location adjacent to a fragment definition."),
		value("FRAGMENT_SPREAD", "Location adjacent to a fragment spread."),
		value("INLINE_FRAGMENT", "Location adjacent to an inline fragment."),
		value("VARIABLE_DEFINITION", "Location adjacent to a variable definition."),
		value("SCHEMA", "Location adjacent to a schema definition."),
		value("SCALAR", "Location adjacent to a scalar definition."),
		value("OBJECT", "Location adjacent to an object type definition."),
		value("FIELD_DEFINITION", "Location adjacent to a field definition."),
		value("ARGUMENT_DEFINITION", "Location adjacent to an argument definition."),
		value("INTERFACE", "Location adjacent to an interface definition."),
		value("UNION", "Location adjacent to a union definition."),
		value("ENUM", "Location adjacent to an enum definition."),
		value("ENUM_VALUE", "Location adjacent to an enum value definition."),
		value("INPUT_OBJECT", "Location adjacent to an input object type definition."),
		value("INPUT_FIELD_DEFINITION", "Location adjacent to an input object field definition."),
	)
}

func object(name, description string, fields ...*ast.FieldDefinition) *ast.Definition {
	return &ast.Definition{Kind: ast.Object, Name: name, Description: description, Fields: fields, BuiltIn: true}
}

func enum(name, description string, values ...*ast.EnumValueDefinition) *ast.Definition {
	return &ast.Definition{Kind: ast.Enum, Name: name, Description: description, EnumValues: values, BuiltIn: true}
}

func field(name, of, description string, arguments ...*ast.ArgumentDefinition) *ast.FieldDefinition {
	return &ast.FieldDefinition{Name: name, Description: description, Type: typeOf(of), Arguments: arguments}
}

func argument(name, of, description string, byDefault *ast.Value) *ast.ArgumentDefinition {
	return &ast.ArgumentDefinition{Name: name, Description: description, Type: typeOf(of), DefaultValue: byDefault}
}

func includeDeprecated() *ast.ArgumentDefinition {
	return argument(argumentIncludeDeprecated, "Boolean", "", &ast.Value{Kind: ast.BooleanValue, Raw: "false"})
}

func value(name, description string) *ast.EnumValueDefinition {
	return &ast.EnumValueDefinition{Name: name, Description: description}
}

// typeOf reads a type as a schema has it.
func typeOf(text string) *ast.Type {
	inner, nonNull := strings.CutSuffix(text, "!")
	if item, ok := strings.CutPrefix(inner, "["); ok {
		return &ast.Type{Elem: typeOf(strings.TrimSuffix(item, "]")), NonNull: nonNull}
	}
	return &ast.Type{NamedType: inner, NonNull: nonNull}
}
