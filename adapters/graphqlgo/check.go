package graphqlgo

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/graphql-go/graphql"
)

// check refuses what graphql.NewSchema lets through although it cannot work. What
// NewSchema refuses itself, such as an interface that is not implemented, is not
// checked again.
func check(schema *origin) error {
	if schema.QueryType() == nil {
		return refuse("the schema has no query type")
	}
	if extensions := reflect.ValueOf(schema.Schema).FieldByName("extensions"); extensions.Len() > 0 {
		return refuse("the schema has %d of graphql-go's extensions: they are not called", extensions.Len())
	}
	c := checker{schema}
	for _, name := range slices.Sorted(maps.Keys(c.types)) {
		if err := c.definition(name, c.types[name]); err != nil {
			return err
		}
	}
	for _, directive := range schema.Directives() {
		if err := c.arguments("@"+directive.Name, directive.Args); err != nil {
			return err
		}
	}
	return checkSubscription(schema.SubscriptionType())
}

type checker struct{ *origin }

func (c checker) definition(name string, of graphql.Type) error {
	if isIntrospection(of) {
		return nil
	}
	if err := checkName("the type", name); err != nil {
		return err
	}
	if err := of.Error(); err != nil {
		return refuse("the type %s: %w", name, err)
	}
	switch of := of.(type) {
	case *graphql.Scalar:
		if builtInOf(of) == nil && slices.Contains([]string{"Int", "Float", "String", "Boolean", "ID"}, name) {
			return refuse("the scalar %s is not graphql.%s: a scalar of one's own has another name", name, name)
		}
		return nil
	case *graphql.Enum:
		return checkEnum(of)
	case *graphql.InputObject:
		return c.inputObject(of)
	case *graphql.Object:
		return c.output(name, c.fields(of))
	case *graphql.Interface:
		return firstError(c.output(name, of.Fields()), c.possible(of, of.ResolveType))
	case *graphql.Union:
		return c.possible(of, of.ResolveType)
	default:
		return refuse("the type %s is a %T, which is none of graphql-go's types", name, of)
	}
}

// possible asks for a way to find the object type of a value.
func (c checker) possible(of graphql.Abstract, resolveType graphql.ResolveTypeFn) error {
	if resolveType != nil {
		return nil
	}
	for _, possible := range c.PossibleTypes(of) {
		if possible.IsTypeOf == nil {
			return refuse("the abstract type %s has no ResolveType, and its possible type %s has no IsTypeOf", of.Name(), possible.Name())
		}
	}
	return nil
}

// output checks the fields of an object or an interface.
func (c checker) output(owner string, fields graphql.FieldDefinitionMap) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		label := owner + "." + name
		if err := checkName("the field", label); err != nil {
			return err
		}
		if err := c.reference("the field "+label, fields[name].Type); err != nil {
			return err
		}
		if !graphql.IsOutputType(fields[name].Type) {
			return refuse("the field %s is of type %s, which is for inputs only", label, fields[name].Type)
		}
		if err := c.arguments(label, fields[name].Args); err != nil {
			return err
		}
	}
	return nil
}

func (c checker) arguments(owner string, arguments []*graphql.Argument) error {
	for _, argument := range arguments {
		if err := checkName("the argument", owner+"."+argument.Name()); err != nil {
			return err
		}
		if err := c.input("the argument "+argument.Name()+" of "+owner, argument.Type); err != nil {
			return err
		}
	}
	return nil
}

func (c checker) inputObject(of *graphql.InputObject) error {
	fields := of.Fields()
	if len(fields) == 0 {
		return refuse("the input object %s has no fields", of.Name())
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		label := of.Name() + "." + name
		if err := checkName("the field", label); err != nil {
			return err
		}
		if err := c.input("the field "+label, fields[name].Type); err != nil {
			return err
		}
	}
	return nil
}

// input checks the type of an argument or of a field of an input object.
func (c checker) input(user string, of graphql.Type) error {
	if err := c.reference(user, of); err != nil {
		return err
	}
	if !graphql.IsInputType(of) {
		return refuse("%s is of type %s, which is for outputs only", user, of)
	}
	if scalar, ok := graphql.GetNamed(of).(*graphql.Scalar); ok {
		if missing := missingParser(scalar); missing != "" {
			return refuse("%s is of the scalar %s, which has no %s", user, scalar.Name(), missing)
		}
	}
	return nil
}

// reference checks that a type leads to one of the schema.
func (c checker) reference(user string, of graphql.Type) error {
	named := of
	for {
		if named == nil || reflect.ValueOf(named).IsNil() {
			return refuse("%s has no type", user)
		}
		switch wrapper := named.(type) {
		case *graphql.List:
			named = wrapper.OfType
		case *graphql.NonNull:
			named = wrapper.OfType
			if _, twice := named.(*graphql.NonNull); twice {
				return refuse("%s has a type that is twice non-null", user)
			}
		default:
			if c.types[named.Name()] != named {
				return refuse("%s is of type %s, which was not there when graphql.NewSchema made the schema", user, named)
			}
			return nil
		}
	}
}

func checkEnum(of *graphql.Enum) error {
	for _, value := range of.Values() {
		if err := checkName("the enum value", of.Name()+"."+value.Name); err != nil {
			return err
		}
		if slices.Contains([]string{"true", "false", "null"}, value.Name) {
			return refuse("the enum value %s.%s has the name of a literal", of.Name(), value.Name)
		}
		if !reflect.ValueOf(value.Value).Comparable() {
			return refuse("the enum value %s.%s is a %T, which Go cannot compare", of.Name(), value.Name, value.Value)
		}
	}
	return nil
}

// checkSubscription refuses fields of which no event could come.
func checkSubscription(root *graphql.Object) error {
	if root == nil {
		return nil
	}
	fields := root.Fields()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name].Subscribe == nil {
			return refuse("the subscription field %s.%s has no Subscribe", root.Name(), name)
		}
		if fields[name].Resolve == nil {
			return refuse("the subscription field %s.%s has no Resolve: one that returns p.Source, nil makes the event's payload its value", root.Name(), name)
		}
	}
	return nil
}

// checkName checks the last name of a dotted one (GraphQL, sections 2.1.9 and 3.3).
func checkName(kind, name string) error {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if !isName(last) {
		return refuse("%s %s: the name is none of GraphQL", kind, name)
	}
	if strings.HasPrefix(last, "__") {
		return refuse("%s %s: names that begin with __ are those of introspection", kind, name)
	}
	return nil
}

// isName is what graphql.NameRegExp says, which is a seventh of what New does in a
// cold start.
func isName(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', i > 0 && '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return text != ""
}

func isIntrospection(of graphql.Type) bool {
	return slices.Contains([]graphql.Type{
		graphql.SchemaType, graphql.TypeType, graphql.FieldType, graphql.InputValueType, graphql.EnumValueType,
		graphql.DirectiveType, graphql.TypeKindEnumType, graphql.DirectiveLocationEnumType,
	}, of)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
