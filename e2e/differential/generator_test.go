//go:build e2e

package differential

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// generator makes one case. The same seed makes the same case.
type generator struct {
	*rand.Rand
	schema *ast.Schema
	// wrongValues is how many of 100 values are of any kind, whatever their type.
	wrongValues int
	// conflicts lets response keys mean two things.
	conflicts bool
	// named gives each operation a name.
	named bool
	// constants keeps variables out of literals.
	constants bool
	// introspects lets __schema and __type be selected.
	introspects bool

	document    *piece
	names       int
	features    []string
	operations  []string
	definitions []variable
	scope       scope
}

// scope is one operation with its fragments.
type scope struct {
	declared  []declared
	variables *piece
	fragments []fragment
	// keys holds what each response key stands for.
	keys map[string]string
	// room is how many more selections it may have.
	room int
}

type declared struct{ name, typeName string }

type fragment struct{ name, on string }

func newGenerator(schema *ast.Schema, seed, number uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, number)), schema: schema, document: items("", "\n", "")}
	switch g.IntN(10) {
	case 0, 1, 2:
		g.wrongValues = 12
	case 3:
		g.conflicts = true
	}
	g.introspects = g.IntN(12) == 0
	return g
}

// chance is true in percent of 100 cases.
func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[E any](g *generator, from []E) E { return from[g.IntN(len(from))] }

// newName is a name that nothing else in the document has.
func (g *generator) newName(prefix string) string {
	g.names++
	return fmt.Sprint(prefix, g.names)
}

func (g *generator) feature(name string) { g.features = append(g.features, name) }

// generate makes a case that is valid but for wrong values and conflicts.
func (g *generator) generate() testCase {
	count := 1
	if g.chance(12) {
		count = 2 + g.IntN(2)
		g.feature("several operations")
	}
	for range count {
		g.operation(g.named || count > 1 || g.chance(40))
	}
	made := testCase{document: g.document, variables: g.definitions}
	switch chosen := pick(g, g.operations); {
	case g.chance(2):
		made.operation = "Unknown"
		g.feature("unknown operation")
	case chosen != "" && (count > 1 && !g.chance(5) || g.chance(60)):
		made.operation = chosen
	}
	if g.chance(3) {
		made.variables = append(made.variables, variable{"stray", "1"})
	}
	made.features = g.features
	return made
}

// coercion makes a case of one leaf in one wrapping, whatever it is given.
func (g *generator) coercion() testCase {
	name := pick(g, []string{"boolean", "color", "even", "float", "id", "int", "raw", "string"}) + pick(g, []string{"", "", "N", "s", "sN", "Grid"})
	of := g.schema.Query.Fields.ForName(name).Type
	g.wrongValues = 40
	if g.chance(40) {
		g.document.add(sequence(text("{ "+name+"(v: "), g.constant(of), text(") }")))
		return testCase{document: g.document, features: g.features}
	}
	value := items(" = ", "", "")
	if !of.NonNull && g.chance(20) {
		value.add(g.constant(of))
	}
	g.document.add(sequence(text("query ($v: "+of.String()), value, text(") { "+name+"(v: $v) }")))
	made := testCase{document: g.document, features: g.features}
	if g.chance(95) {
		made.variables = []variable{{"v", g.json(of, 3)}}
	}
	return made
}

func (g *generator) operation(named bool) {
	kind, root := "query", g.schema.Query
	switch g.IntN(12) {
	case 0, 1:
		kind, root = "mutation", g.schema.Mutation
	case 2:
		kind, root = "subscription", g.schema.Subscription
	}
	g.feature(kind)
	g.scope = scope{variables: items("(", ", ", ")"), keys: make(map[string]string), room: 3 + g.IntN(25)}
	name := ""
	if named {
		name = g.newName("Op")
	}
	g.operations = append(g.operations, name)
	selected := selections(root.Name)
	if kind == "subscription" {
		selected.add(g.subscribed(root))
	} else {
		g.fill(selected, root, 4)
	}
	g.document.add(sequence(text(kind+" "+name), g.scope.variables, text(" "), selected))
}

// introspection asks about a type that there is, or about all.
func (g *generator) introspection() *piece {
	g.feature("introspection")
	asked, of := "__schema", "__Schema"
	if g.chance(80) {
		name := pick(g, []string{"Any", "Color", "Even", "Int", "Named", "Node", "Nothing", "Point", "Query", "Shape", "User", "__Type"})
		asked, of = fmt.Sprintf("__type(name: %q)", name), "__Type"
	}
	selected := selections(of)
	g.fill(selected, g.schema.Types[of], 4)
	return sequence(text(g.newName("i")+": "+asked), selected)
}

// subscribed is the one field of a subscription. It has no directives with
// variables: about those the reference's rule throws.
func (g *generator) subscribed(root *ast.Definition) *piece {
	constant := items(" ", " ", "")
	if g.chance(10) {
		constant.add(text(pick(g, []string{"@skip(if: true)", "@skip(if: false)", "@include(if: false)"})))
	}
	return g.fieldOf(pick(g, root.Fields), 4, constant)
}

// fill selects from an object, an interface or a union.
func (g *generator) fill(into *piece, from *ast.Definition, depth int) {
	for n := 1 + g.IntN(4); n > 0; n-- {
		into.add(g.selection(from, depth))
	}
}

func (g *generator) selection(from *ast.Definition, depth int) *piece {
	g.scope.room--
	if depth <= 0 || g.scope.room <= 0 {
		return g.leaf(from)
	}
	switch roll := g.IntN(100); {
	case roll < 10:
		return g.inline(from, depth-1)
	case roll < 22:
		return g.spread(from, depth-1)
	case roll < 26 || from.Kind == ast.Union:
		return g.typename()
	}
	return g.field(from, depth)
}

func (g *generator) typename() *piece { return sequence(text("__typename"), g.directives(10)) }

// leaf is a field without selections.
func (g *generator) leaf(from *ast.Definition) *piece {
	if from.Kind == ast.Union || from == g.schema.Subscription {
		return g.typename()
	}
	var leaves []*ast.FieldDefinition
	for _, field := range from.Fields {
		if g.schema.Types[field.Type.Name()].IsLeafType() {
			leaves = append(leaves, field)
		}
	}
	if len(leaves) == 0 {
		return g.typename()
	}
	return g.fieldOf(pick(g, leaves), 0, g.directives(12))
}

func (g *generator) field(from *ast.Definition, depth int) *piece {
	if from == g.schema.Query && g.chance(30) { // The leaves outnumber the others.
		return g.fieldOf(from.Fields.ForName(pick(g, []string{
			"again", "any", "anys", "anysHole", "mistyped", "named", "nameds", "need", "nest", "nestN", "node", "nodes", "post", "show", "user",
		})), depth, g.directives(12))
	}
	if from == g.schema.Query && g.introspects && g.chance(30) {
		return g.introspection()
	}
	field := pick(g, from.Fields)
	if field.Name == "__schema" || field.Name == "__type" {
		return g.typename()
	}
	return g.fieldOf(field, depth, g.directives(12))
}

func (g *generator) fieldOf(field *ast.FieldDefinition, depth int, directives *piece) *piece {
	arguments := g.arguments(field.Arguments)
	alias := items("", "", "")
	if key := g.key(field, arguments.String()); key != field.Name {
		alias.add(text(key + ": "))
	}
	whole := sequence(alias, text(field.Name), arguments, directives)
	if of := g.schema.Types[field.Type.Name()]; !of.IsLeafType() {
		selected := selections(of.Name)
		g.fill(selected, of, depth-1)
		whole.add(selected)
	}
	return whole
}

// key is a response key that stands for nothing else in the operation.
func (g *generator) key(field *ast.FieldDefinition, arguments string) string {
	meaning := field.Name + arguments + ": " + field.Type.String()
	key := field.Name
	if g.conflicts && g.chance(30) {
		return pick(g, []string{"a", "b", "id", "name"})
	}
	if g.chance(15) {
		key = pick(g, []string{"a", "b", "c", "z", "A"})
	}
	if taken, ok := g.scope.keys[key]; ok && taken != meaning {
		key = g.newName("k")
	}
	g.scope.keys[key] = meaning
	return key
}

func (g *generator) inline(from *ast.Definition, depth int) *piece {
	g.feature("inline fragment")
	on := from
	condition := ""
	if g.chance(70) {
		on = g.overlapping(from)
		condition = " on " + on.Name
	}
	selected := selections(on.Name)
	g.fill(selected, on, depth)
	return sequence(text("..."+condition), g.directives(25), text(" "), selected)
}

// spread spreads a fragment of the operation, which may be a new one.
func (g *generator) spread(from *ast.Definition, depth int) *piece {
	g.feature("named fragment")
	for _, known := range g.scope.fragments {
		if g.overlap(from, g.schema.Types[known.on]) && g.chance(40) {
			g.feature("fragment spread again")
			return sequence(text("..."+known.name), g.directives(25))
		}
	}
	on := g.overlapping(from)
	name := g.newName("F")
	selected := selections(on.Name)
	g.fill(selected, on, depth)
	g.document.add(sequence(text("fragment "+name+" on "+on.Name+" "), selected))
	g.scope.fragments = append(g.scope.fragments, fragment{name: name, on: on.Name})
	return sequence(text("..."+name), g.directives(25))
}

// overlapping is a type that a value of another one may have.
func (g *generator) overlapping(with *ast.Definition) *ast.Definition {
	var found []*ast.Definition
	for _, name := range []string{"Any", "Bot", "Named", "Node", "Post", "User"} {
		if on := g.schema.Types[name]; g.overlap(with, on) {
			found = append(found, on)
		}
	}
	return pick(g, append(found, with))
}

func (g *generator) overlap(a, b *ast.Definition) bool {
	return slices.ContainsFunc(g.schema.GetPossibleTypes(a), func(possible *ast.Definition) bool {
		return slices.Contains(g.schema.GetPossibleTypes(b), possible)
	})
}

// directives are @skip and @include, each with a chance of so many in 100.
func (g *generator) directives(percent int) *piece {
	found := items(" ", " ", "")
	for _, name := range []string{"@skip", "@include"} {
		if !g.chance(percent) {
			continue
		}
		condition := pick(g, []string{"true", "false"})
		if g.chance(40) {
			condition = g.variableOf(ast.NonNullNamedType("Boolean", nil))
		}
		g.feature(name)
		found.add(text(name + "(if: " + condition + ")"))
	}
	if g.chance(50) {
		slices.Reverse(found.parts)
	}
	return found
}

func (g *generator) arguments(definitions ast.ArgumentDefinitionList) *piece {
	given := items("(", ", ", ")")
	for _, definition := range definitions {
		required := definition.Type.NonNull && definition.DefaultValue == nil
		if !required && !g.chance(45) {
			g.feature("argument left out")
			continue
		}
		given.add(sequence(text(definition.Name+": "), g.argument(definition.Name, definition.Type, definition.DefaultValue != nil)))
	}
	if g.chance(30) {
		slices.Reverse(given.parts)
	}
	return given
}

// argument is a literal or a variable.
func (g *generator) argument(name string, of *ast.Type, hasDefault bool) *piece {
	switch {
	case name == "pick" || name == "picks":
		return g.picked(of)
	case g.chance(40):
		return text(g.positioned(of, hasDefault))
	case !of.NonNull && g.chance(10):
		g.feature("null literal")
		return text("null")
	}
	return g.literal(of, 3)
}

// picked chooses among the values that resolvers return; below 0 they fail.
func (g *generator) picked(of *ast.Type) *piece {
	const values = 27
	if of.Elem == nil {
		return text(fmt.Sprint(g.IntN(values+1) - 1))
	}
	list := items("[", ", ", "]")
	list.add(text(fmt.Sprint(g.IntN(values))))
	for g.chance(60) {
		list.add(text(fmt.Sprint(g.IntN(values))))
	}
	return list
}
