package graphqlgo

import (
	"maps"
	"slices"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/input"
)

// convert makes what the executor and what the validation needs of a schema that was
// checked. It calls nothing of graphql-go that writes.
func convert(from *origin) (*Schema, error) {
	types := from.types
	c := &converter{from: from, schema: &Schema{
		source: from.Schema,
		types: &ast.Schema{
			Types:         map[string]*ast.Definition{},
			Directives:    map[string]*ast.DirectiveDefinition{},
			PossibleTypes: map[string][]*ast.Definition{},
			Implements:    map[string][]*ast.Definition{},
		},
		leaves:    &leaves{scalars: map[string]*graphql.Scalar{}, enums: map[string]map[string]any{}, defaults: map[*ast.Value]any{}},
		objects:   map[string]*object{},
		abstracts: map[string]*abstract{},
		root:      map[ast.Operation]*object{},
	}, leaves: map[string]*leaf{}, none: &input.Template{}}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(types)) {
		if !isIntrospection(types[name]) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		c.declare(name, types[name])
	}
	for _, name := range names {
		if err := c.define(types[name]); err != nil {
			return nil, err
		}
	}
	if err := c.directives(from.Schema); err != nil {
		return nil, err
	}
	c.roots(from.Schema)
	c.introspection()
	return c.schema, c.arguments()
}

type converter struct {
	from   *origin
	schema *Schema
	leaves map[string]*leaf // by their names
	none   *input.Template  // of fields without arguments
}

// declare makes a type without what refers to other types.
func (c *converter) declare(name string, of graphql.Type) {
	definition := &ast.Definition{Name: name, Description: of.Description()}
	s := c.schema
	s.types.Types[name] = definition
	switch of := of.(type) {
	case *graphql.Scalar:
		definition.Kind = ast.Scalar
		l := &leaf{name: name, builtIn: builtInOf(of)}
		if l.builtIn == nil {
			l.scalar = of
		}
		definition.BuiltIn = l.builtIn != nil
		c.leaves[name], s.leaves.scalars[name] = l, of
	case *graphql.Enum:
		definition.Kind = ast.Enum
		c.enum(definition, of)
	case *graphql.InputObject:
		definition.Kind = ast.InputObject
	case *graphql.Interface:
		definition.Kind = ast.Interface
		s.abstracts[name] = &abstract{name: name, resolveType: of.ResolveType, has: map[*object]bool{}}
	case *graphql.Union:
		definition.Kind = ast.Union
		s.abstracts[name] = &abstract{name: name, resolveType: of.ResolveType, has: map[*object]bool{}}
	case *graphql.Object:
		definition.Kind = ast.Object
		s.objects[name] = &object{name: name, source: of, isTypeOf: of.IsTypeOf, fields: map[string]*field{}}
	}
}

func (c *converter) enum(definition *ast.Definition, of *graphql.Enum) {
	byName := map[string]any{}
	byValue := make(map[any]string, len(of.Values()))
	for _, value := range slices.SortedFunc(slices.Values(of.Values()), byEnumName) {
		byName[value.Name] = value.Value
		if _, ok := byValue[value.Value]; !ok { // of several names the first one counts
			byValue[value.Value] = value.Name
		}
		definition.EnumValues = append(definition.EnumValues, &ast.EnumValueDefinition{
			Name:        value.Name,
			Description: value.Description,
			Directives:  deprecated(value.DeprecationReason),
		})
	}
	c.schema.leaves.enums[definition.Name] = byName
	c.leaves[definition.Name] = &leaf{name: definition.Name, names: byValue}
}

// define adds what refers to other types.
func (c *converter) define(of graphql.Type) error {
	definition := c.schema.types.Types[of.Name()]
	switch of := of.(type) {
	case *graphql.InputObject:
		return c.inputFields(definition, of)
	case *graphql.Interface:
		return c.fields(definition, of.Fields())
	case *graphql.Union:
		for _, member := range of.Types() {
			definition.Types = append(definition.Types, member.Name())
			c.possible(definition, member.Name())
		}
	case *graphql.Object:
		for _, implemented := range of.Interfaces() {
			definition.Interfaces = append(definition.Interfaces, implemented.Name())
			c.possible(c.schema.types.Types[implemented.Name()], definition.Name)
		}
		c.schema.types.AddPossibleType(definition.Name, definition)
		fields := c.from.fields(of)
		if err := c.fields(definition, fields); err != nil {
			return err
		}
		c.resolvers(c.schema.objects[definition.Name], definition, fields)
	}
	return nil
}

func (c *converter) possible(of *ast.Definition, name string) {
	definition := c.schema.types.Types[name]
	c.schema.types.AddPossibleType(of.Name, definition)
	c.schema.types.AddImplements(name, of)
	a := c.schema.abstracts[of.Name]
	a.possible, a.has[c.schema.objects[name]] = append(a.possible, c.schema.objects[name]), true
}

func (c *converter) fields(definition *ast.Definition, fields graphql.FieldDefinitionMap) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f := fields[name]
		arguments, err := c.argumentList(definition.Name+"."+name, f.Args)
		if err != nil {
			return err
		}
		definition.Fields = append(definition.Fields, &ast.FieldDefinition{
			Name:        name,
			Description: f.Description,
			Type:        typeOf(f.Type),
			Arguments:   arguments,
			Directives:  deprecated(f.DeprecationReason),
		})
	}
	return nil
}

func (c *converter) resolvers(o *object, definition *ast.Definition, fields graphql.FieldDefinitionMap) {
	for _, f := range definition.Fields {
		source, made := fields[f.Name], c.addField(o, f)
		made.returns, made.resolve, made.subscribe = source.Type, source.Resolve, source.Subscribe
	}
}

func (c *converter) addField(o *object, definition *ast.FieldDefinition) *field {
	f := &field{
		name:       definition.Name,
		label:      o.name + "." + definition.Name,
		definition: definition,
		output:     c.output(definition.Type),
	}
	o.fields[definition.Name] = f
	return f
}

func (c *converter) output(of *ast.Type) *output {
	if of.Elem != nil {
		return &output{nonNull: of.NonNull, item: c.output(of.Elem)}
	}
	name := of.NamedType
	return &output{nonNull: of.NonNull, leaf: c.leaves[name], object: c.schema.objects[name], abstract: c.schema.abstracts[name]}
}

func typeOf(of graphql.Type) *ast.Type {
	switch of := of.(type) {
	case *graphql.NonNull:
		inner := typeOf(of.OfType)
		inner.NonNull = true
		return inner
	case *graphql.List:
		return ast.ListType(typeOf(of.OfType), nil)
	default:
		return ast.NamedType(of.Name(), nil)
	}
}

func deprecated(reason string) ast.DirectiveList {
	if reason == "" {
		return nil
	}
	return ast.DirectiveList{{
		Name:      "deprecated",
		Arguments: ast.ArgumentList{{Name: "reason", Value: &ast.Value{Kind: ast.StringValue, Raw: reason}}},
	}}
}
