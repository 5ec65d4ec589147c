package document_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// sdl has a type of each kind, and fields for each rule.
const sdl = `
directive @twice(n: Int) repeatable on FIELD | VARIABLE_DEFINITION
directive @once on FIELD | VARIABLE_DEFINITION
directive @needs(n: Int!, d: Int! = 1) on FIELD
scalar Any
enum Color { RED GREEN }
input Point { x: Int!, y: Int, z: Int! = 7, more: Point, many: [Int!] }
input Choice @oneOf { a: Int, b: String }
interface Node { id: ID!, node: Node, name: String }
interface Named { name: String }
interface Lonely { alone: Int }
type User implements Node & Named { id: ID!, node: User, name: String, friends(first: Int = 10, after: ID): [User!], other: Int, size: Int }
type Post implements Node { id: ID!, node: Post, name: String, title: String!, author: User, other: String, size: [Int], cost: Int! }
type Hermit implements Lonely { alone: Int }
union Hit = User | Post
type Query {
  a: Int, b: Int, echo(s: String, t: String): String, text(s: String!): String
  int(v: Int): Int, float(v: Float): Int, string(v: String): Int, bool(v: Boolean): Int, id(v: ID): Int
  any(v: Any): Int, color(v: Color): Int, point(v: Point): Int, choice(v: Choice): Int
  ints(v: [Int]): Int, strict(v: [Int!]!): Int, grid(v: [[Int]]): Int
  must(v: Int!): Int, defaulted(v: Int! = 5): Int
  user: User, post: Post, node: Node, named: Named, lonely: Lonely, hit: Hit, query: Query
}
type Mutation { a: Int, b: Int, c: Int }
type Subscription { s: Int, ev(room: ID): User, t: Int }
`

func load(t testing.TB, source string) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema", Input: source})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// large is the schema with so many types, interfaces of all of them and fields for
// each, besides the few that documents ask for.
func large(t testing.TB, types int) *ast.Schema {
	t.Helper()
	var b strings.Builder
	b.WriteString(`
interface All { id: ID! }
interface Every { id: ID! }
type Item implements All & Every { id: ID!, hello: String, echo(s: String): String, item(n: Int): Item, all: All, every: Every, items: [Item] }
type Query { hello: String, a(s: String): Int, echo(s: String): String, item(n: Int): Item, all: All, every: Every, color(v: C): Int, in(v: In): Int }
type Subscription { s: Int }
enum C { RED `)
	for i := range types {
		fmt.Fprintf(&b, "C%d ", i)
	}
	b.WriteString("}\ninput In { x: Int ")
	for i := range types {
		fmt.Fprintf(&b, "f%d: Int ", i)
	}
	b.WriteString("}\n")
	for i := range types - 4 {
		fmt.Fprintf(&b, "type T%d implements All & Every { id: ID!, next: T%d }\n", i, (i+1)%(types-4))
	}
	if types > 4 {
		b.WriteString("extend type Query { ")
		for i := range types - 4 {
			fmt.Fprintf(&b, "t%d: T%d ", i, i)
		}
		b.WriteString("}\n")
	}
	return load(t, b.String())
}
