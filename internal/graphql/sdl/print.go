package sdl

import (
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Options say what Print prints besides a schema's own definitions.
type Options struct {
	// Applied are the directives that a definition has, as they are written:
	// `@key(fields: "id")`. They come after @deprecated and @specifiedBy, which are
	// found in the schema. The definition is named by its schema coordinate: "User",
	// "User.email", "Query.users(first:)", "Role.ADMIN". Default: none.
	Applied func(coordinate string) []string
	// Omit leaves out a type, also where it is a root type. Default: none.
	Omit func(name string) bool
}

// Print returns the SDL of a schema, without a newline at its end. Directives that
// are applied in the schema are left out, but for @deprecated, @specifiedBy and
// @oneOf.
func Print(schema *ast.Schema, options Options) string {
	p := printer{Options: options}
	if p.Applied == nil {
		p.Applied = func(string) []string { return nil }
	}
	if p.Omit == nil {
		p.Omit = func(string) bool { return false }
	}
	p.schema(schema)
	for _, name := range slices.Sorted(maps.Keys(schema.Directives)) {
		if !isSpecified(name) {
			p.directive(schema.Directives[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		if of := schema.Types[name]; !of.BuiltIn && !isIntrospection(name) && !p.Omit(name) {
			p.definition(of)
		}
	}
	return p.out.String()
}

type printer struct {
	Options
	out strings.Builder
}

func (p *printer) write(texts ...string) {
	for _, text := range texts {
		p.out.WriteString(text)
	}
}

// separate begins a definition.
func (p *printer) separate() {
	if p.out.Len() > 0 {
		p.write("\n\n")
	}
}

// schema writes the definition of the schema itself if it says something.
func (p *printer) schema(schema *ast.Schema) {
	common := schema.Description == ""
	var roots []string
	for _, root := range []struct {
		operation, common string
		of                *ast.Definition
	}{
		{"query", "Query", schema.Query},
		{"mutation", "Mutation", schema.Mutation},
		{"subscription", "Subscription", schema.Subscription},
	} {
		if root.of == nil || p.Omit(root.of.Name) {
			continue
		}
		common = common && root.of.Name == root.common
		roots = append(roots, "  "+root.operation+": "+root.of.Name)
	}
	if common || len(roots) == 0 {
		return
	}
	p.description(schema.Description, "", true)
	p.write("schema {\n", strings.Join(roots, "\n"), "\n}")
}

func (p *printer) directive(d *ast.DirectiveDefinition) {
	p.separate()
	p.description(d.Description, "", true)
	p.write("directive @", d.Name)
	p.arguments("@"+d.Name, d.Arguments, "")
	if d.IsRepeatable {
		p.write(" repeatable")
	}
	locations := make([]string, len(d.Locations))
	for i, location := range d.Locations {
		locations[i] = string(location)
	}
	p.write(" on ", strings.Join(locations, " | "))
}

func (p *printer) definition(of *ast.Definition) {
	p.separate()
	p.description(of.Description, "", true)
	p.write(keyword(of.Kind), " ", of.Name)
	if len(of.Interfaces) > 0 {
		p.write(" implements ", strings.Join(of.Interfaces, " & "))
	}
	p.directives(of.Directives, of.Name)
	switch of.Kind {
	case ast.Scalar:
	case ast.Union:
		if len(of.Types) > 0 {
			p.write(" = ", strings.Join(of.Types, " | "))
		}
	case ast.Enum:
		p.enumValues(of)
	default:
		p.fields(of)
	}
}

func keyword(kind ast.DefinitionKind) string {
	switch kind {
	case ast.Object:
		return "type"
	case ast.InputObject:
		return "input"
	default:
		return strings.ToLower(string(kind))
	}
}

func (p *printer) enumValues(of *ast.Definition) {
	p.write(" {\n")
	for i, value := range of.EnumValues {
		p.description(value.Description, "  ", i == 0)
		p.write("  ", value.Name)
		p.directives(value.Directives, of.Name+"."+value.Name)
		p.write("\n")
	}
	p.write("}")
}

func (p *printer) fields(of *ast.Definition) {
	var fields []*ast.FieldDefinition
	for _, f := range of.Fields {
		if !isIntrospection(f.Name) {
			fields = append(fields, f)
		}
	}
	if len(fields) == 0 {
		return
	}
	p.write(" {\n")
	for i, f := range fields {
		coordinate := of.Name + "." + f.Name
		p.description(f.Description, "  ", i == 0)
		p.write("  ", f.Name)
		p.arguments(coordinate, f.Arguments, "  ")
		p.write(": ", f.Type.String())
		p.defaultValue(f.DefaultValue)
		p.directives(f.Directives, coordinate)
		p.write("\n")
	}
	p.write("}")
}

// arguments writes each on a line of its own if one of them has a description.
func (p *printer) arguments(owner string, arguments ast.ArgumentDefinitionList, indentation string) {
	if len(arguments) == 0 {
		return
	}
	described := slices.ContainsFunc(arguments, func(a *ast.ArgumentDefinition) bool { return a.Description != "" })
	before, between, after := "", ", ", ")"
	if described {
		before, between, after = "  "+indentation, "\n", "\n"+indentation+")"
	}
	p.write("(")
	if described {
		p.write("\n")
	}
	for i, a := range arguments {
		if i > 0 {
			p.write(between)
		}
		p.description(a.Description, before, i == 0)
		p.write(before, a.Name, ": ", a.Type.String())
		p.defaultValue(a.DefaultValue)
		p.directives(a.Directives, owner+"("+a.Name+":)")
	}
	p.write(after)
}

func (p *printer) defaultValue(value *ast.Value) {
	if value != nil {
		p.write(" = ", string(AppendValue(nil, value)))
	}
}

// directives writes those of the schema that printSchema writes too, and those that
// are applied.
func (p *printer) directives(list ast.DirectiveList, coordinate string) {
	if d := list.ForName("deprecated"); d != nil {
		p.write(" @deprecated")
		if reason := d.Arguments.ForName("reason"); reason != nil && reason.Value.Raw != defaultReason {
			p.write("(reason: ", Quote(reason.Value.Raw), ")")
		}
	}
	if d := list.ForName("specifiedBy"); d != nil {
		p.write(" @specifiedBy(url: ", Quote(d.Arguments.ForName("url").Value.Raw), ")")
	}
	if list.ForName("oneOf") != nil {
		p.write(" @oneOf")
	}
	for _, applied := range p.Applied(coordinate) {
		p.write(" ", applied)
	}
}

// defaultReason is that of @deprecated (GraphQL, section 3.13.3).
const defaultReason = "No longer supported"

func isSpecified(directive string) bool {
	return slices.Contains([]string{"skip", "include", "deprecated", "specifiedBy", "oneOf"}, directive)
}

func isIntrospection(name string) bool { return strings.HasPrefix(name, "__") }
