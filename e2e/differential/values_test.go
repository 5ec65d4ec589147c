//go:build e2e

package differential

import (
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// leafTexts are literals and JSON of a leaf type, and of every kind.
type leafTexts struct{ literals, json []string }

func leafValues(name string) leafTexts {
	switch name {
	case "Int":
		whole := []string{"0", "-0", "1", "-7", "42", "2147483647", "-2147483648"}
		return leafTexts{whole, append(whole, "3.0", "1e2")}
	case "Float":
		return leafTexts{
			[]string{"0", "1", "-3", "1.5", "-0.25", "1e3", "2.5E-3", "1e21", "123456789.125", "9007199254740993"},
			[]string{"0", "1", "1.5", "-0.25", "1e3", "2.5E-3", "1e21", "1e400"},
		}
	case "String":
		return leafTexts{
			[]string{
				`""`, `"plain"`, `"é☃"`, `"\n\t\"\\\/\b\f\r"`, `"\u00e9"`, `"\uD83D\uDE00"`, `"😀"`, `"\u{1F600}"`, `"<&>"`,
				`"""block"""`, "\"\"\"\n    two\n      lines\n\n    \\\"\"\" end\n  \"\"\"", `""""""`, `"""\n raw"""`, "\"\"\"a\r\n  b\r\n  c\"\"\"",
				`"ann"`, `"post"`, `"lost"`,
			},
			[]string{`""`, `"plain"`, `"é☃"`, `"\n\t\"\\"`, `"\ud83d\ude00"`, `"<&>"`, `"null"`, `"ann"`},
		}
	case "ID":
		return leafTexts{
			[]string{`"ann"`, `"post"`, `"lost"`, `""`, "0", "-12", "12345678901234567890", `"😀"`},
			[]string{`"ann"`, `"post"`, "0", "-12", "1234567", `"\n"`},
		}
	case "Boolean":
		return leafTexts{[]string{"true", "false"}, []string{"true", "false"}}
	case "Color":
		return leafTexts{[]string{"RED", "GREEN", "BLUE"}, []string{`"RED"`, `"GREEN"`, `"BLUE"`}}
	case "Even":
		return leafTexts{[]string{"0", "2", "-4", "1000"}, []string{"0", "2", "-4", "1000"}}
	case "Raw":
		return leafTexts{
			[]string{"1", "1.5", `"s"`, "true", "NAME", "[1, [2]]", "{b: 1, a: {c: []}}", "[]", "{}"},
			[]string{"1", "1.5", `"s"`, "true", `[1,[2,null]]`, `{"b":1,"a":{"c":[]}}`, "[]", "{}"},
		}
	}
	return leafTexts{
		[]string{
			"1", "-1", "3", "2147483648", "-2147483649", "1.5", "1e2", `"s"`, `"12"`, `"RED"`, `"true"`, "true", "false", "RED", "PURPLE", "null",
			"[]", "[1]", "[null]", `["a"]`, "{}", "{x: 1}", `{name: "n"}`, `"""b"""`, "99999999999999999999", "1.0",
		},
		[]string{
			"1", "-1", "3", "2147483648", "-2147483649", "1.5", "1.0", "1e400", `"s"`, `"12"`, `"RED"`, `"PURPLE"`, `"true"`, "true", "false", "null",
			"[]", "[1]", "[null]", `["a"]`, "{}", `{"x":1}`, `{"name":"n"}`, "100000000000000000000", `[[1]]`, `{"x":null}`,
		},
	}
}

// literal is a value of a type, in a document.
func (g *generator) literal(of *ast.Type, depth int) *piece {
	switch {
	case g.chance(g.wrongValues):
		g.feature("any literal")
		return text(pick(g, leafValues("").literals))
	case !of.NonNull && g.chance(8):
		g.feature("null literal")
		return text("null")
	case of.Elem != nil:
		if g.chance(15) {
			g.feature("one item for a list literal")
			return g.literal(of.Elem, depth-1)
		}
		list := items("[", pick(g, []string{", ", " "}), "]")
		for g.chance(60) {
			if !g.constants && g.chance(15) {
				list.add(text(g.positioned(of.Elem, false)))
			} else {
				list.add(g.literal(of.Elem, depth-1))
			}
		}
		list.empty = "[]"
		return list
	}
	definition := g.schema.Types[of.Name()]
	if definition.Kind != ast.InputObject {
		return text(pick(g, leafValues(definition.Name).literals))
	}
	g.feature("input object literal")
	members := items("{", ", ", "}")
	for _, field := range g.shuffled(definition.Fields) {
		required := field.Type.NonNull && field.DefaultValue == nil
		if !required && (depth <= 0 || !g.chance(35)) {
			g.feature("input field left out of a literal")
			continue
		}
		value := g.literal(field.Type, depth-1)
		if !g.constants && g.chance(15) {
			value = text(g.positioned(field.Type, field.DefaultValue != nil))
		}
		members.add(sequence(text(field.Name+": "), value))
	}
	members.empty = "{}"
	return members
}

func (g *generator) shuffled(fields ast.FieldList) ast.FieldList {
	fields = slices.Clone(fields)
	if g.chance(40) {
		g.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	}
	return fields
}

// json is a value of a type, among the variables.
func (g *generator) json(of *ast.Type, depth int) string {
	switch {
	case g.chance(g.wrongValues):
		g.feature("any variable")
		return pick(g, leafValues("").json)
	case !of.NonNull && g.chance(10):
		g.feature("null in variables")
		return "null"
	case of.Elem != nil:
		if g.chance(15) {
			g.feature("one item for a list variable")
			return g.json(of.Elem, depth-1)
		}
		list := "["
		for g.chance(60) {
			if len(list) > 1 {
				list += ","
			}
			list += g.json(of.Elem, depth-1)
		}
		return list + "]"
	}
	definition := g.schema.Types[of.Name()]
	if definition.Kind != ast.InputObject {
		return pick(g, leafValues(definition.Name).json)
	}
	g.feature("input object variable")
	object := "{"
	for _, field := range g.shuffled(definition.Fields) {
		required := field.Type.NonNull && field.DefaultValue == nil
		if !required && (depth <= 0 || !g.chance(35)) {
			g.feature("input field left out of a variable")
			continue
		}
		if len(object) > 1 {
			object += ","
		}
		object += fmt.Sprintf("%q:%s", field.Name, g.json(field.Type, depth-1))
	}
	return object + "}"
}

// positioned declares a variable that fits a position, or finds one: "$name".
func (g *generator) positioned(of *ast.Type, hasDefault bool) string {
	declaredType := *of
	switch {
	case of.NonNull && hasDefault && g.chance(50):
		declaredType.NonNull = false // The position's default makes up for it.
		g.feature("nullable variable in a defaulted position")
	case !of.NonNull && g.chance(20):
		declaredType.NonNull = true
	}
	return g.variableOf(&declaredType)
}

func (g *generator) variableOf(of *ast.Type) string {
	for _, known := range g.scope.declared {
		if known.typeName == of.String() && g.chance(40) {
			return "$" + known.name
		}
	}
	name := g.newName("v")
	declaredType := *of
	value := items(" = ", "", "")
	switch {
	case of.NonNull && g.chance(20):
		// With a default that is not null a nullable variable fits as well.
		declaredType.NonNull = g.chance(50)
		value.add(g.constant(of))
		g.feature("default of a variable")
	case !of.NonNull && g.chance(30):
		value.add(g.constant(of))
		g.feature("default of a variable")
	}
	g.scope.declared = append(g.scope.declared, declared{name: name, typeName: of.String()})
	g.scope.variables.add(sequence(text("$"+name+": "+declaredType.String()), value))
	required := declaredType.NonNull && len(value.parts) == 0
	if required && !g.chance(2) || !required && g.chance(60) {
		g.definitions = append(g.definitions, variable{name: name, json: g.json(&declaredType, 3)})
	} else {
		g.feature("variable left out")
	}
	return "$" + name
}

// constant is a literal without variables.
func (g *generator) constant(of *ast.Type) *piece {
	g.constants = true
	defer func() { g.constants = false }()
	return g.literal(of, 2)
}
