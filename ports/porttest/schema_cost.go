package porttest

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/fanql/fanql/ports"
)

// family makes documents of a size: twice the size is about twice the document.
type family struct {
	name string
	make func(n int) string
}

// families are documents that cost a validator much which compares, expands or
// locates without a bound.
func families() []family {
	repeated := func(head, part, tail string) func(int) string {
		return func(n int) string { return head + strings.Repeat(part, n) + tail }
	}
	numbered := func(head, part, tail string) func(int) string {
		return func(n int) string {
			var b strings.Builder
			b.WriteString(head)
			for i := range n {
				b.WriteString(strings.ReplaceAll(part, "#", fmt.Sprint(1000+i)))
			}
			return b.String() + tail
		}
	}
	chain := func(n int) string {
		var b strings.Builder
		b.WriteString("{...F0}")
		for i := range n {
			fmt.Fprintf(&b, "fragment F%d on Query{int ...F%d}", i, i+1)
		}
		fmt.Fprintf(&b, "fragment F%d on Query{int}", n)
		return b.String()
	}
	mesh := func(n int) string { // Each fragment spreads the next two.
		var b strings.Builder
		b.WriteString("{...F0}")
		for i := range n {
			fmt.Fprintf(&b, "fragment F%d on Query{int ...F%d ...F%d}", i, i+1, i+2)
		}
		fmt.Fprintf(&b, "fragment F%d on Query{int} fragment F%d on Query{int}", n, n+1)
		return b.String()
	}
	return []family{
		{"one field again and again", repeated("{", "int ", "}")},
		{"fields that conflict", numbered("{", "int(v:#)", "}")},
		{"aliases", numbered("{", "a#:int ", "}")},
		{"unknown fields after many lines", numbered("{"+strings.Repeat("\n", 1000), "x#\n", "}")},
		{"unknown arguments", numbered("{int(", "x#:1 ", ")}")},
		{"a chain of fragments", chain},
		{"a mesh of fragments", mesh},
		{"fragments that nothing spreads", numbered("{int}", "fragment F# on Query{int}", "")},
		{"spreads of one fragment", repeated("{", "...F ", "}fragment F on Query{int}")},
		{"nested fields", func(n int) string { return strings.Repeat("{nest", n) + "{string}" + strings.Repeat("}", n) }},
		{"nested lists", func(n int) string { return "{ints(v:" + strings.Repeat("[", 4*n) + strings.Repeat("]", 4*n) + ")}" }},
		{"variables", numbered("query(", "$v#:Int ", "){int}")},
		{"introspection", repeated("{", "__schema{types{fields{type{ofType{name}}}}}", "}")},
		{"directives", repeated("{int ", "@skip(if:true)", "}")},
		{"a syntax error after a long string", func(n int) string { return `{string(v:"` + strings.Repeat("z", 8*n) + `") ]}` }},
	}
}

// costChecks are about what it takes to prepare a document.
func costChecks() []check[schemaFixture] {
	var checks []check[schemaFixture]
	for _, family := range families() {
		checks = append(checks, check[schemaFixture]{
			name: "Prepare: the cost is in proportion to " + family.name,
			run:  func(t tester, f schemaFixture) { inProportion(t, f, family) },
		})
	}
	return checks
}

// inProportion reports a document that costs more than 2.2 times as much memory as
// one of half its size. Memory stands for time, which a test cannot tell.
func inProportion(t tester, f schemaFixture, family family) {
	const size, few = 500, 64 << 10 // bytes that do not matter
	half, whole := family.make(size), family.make(2*size)
	once, twice := f.allocated(half), f.allocated(whole)
	growth := float64(len(whole)) / float64(len(half)) * 1.1
	if limit := uint64(growth*float64(once)) + few; twice > limit {
		t.Errorf("Prepare: %d bytes of document allocate %d, %d bytes allocate %d, over %d", len(half), once, len(whole), twice, limit)
	}
}

// allocated is how many bytes it takes to prepare a document: the least of some
// runs, as others allocate as well.
func (f schemaFixture) allocated(document string) uint64 {
	least := ^uint64(0)
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = f.Prepare(document, ports.Limits{})
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}
