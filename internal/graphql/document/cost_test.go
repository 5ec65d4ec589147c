package document_test

import (
	"fmt"
	"strings"
)

// families are documents that cost too much somewhere: each of about n parts.
var families = []struct {
	name string
	make func(n int) string
}{
	{"mesh of fragments", func(n int) string {
		var b strings.Builder
		b.WriteString("{hello ...f0}")
		for i := range n {
			fmt.Fprintf(&b, " fragment f%d on Query{hello", i)
			for next := i + 1; next <= i+2 && next < n; next++ {
				fmt.Fprintf(&b, " ...f%d", next)
			}
			b.WriteString("}")
		}
		return b.String()
	}},
	{"fragments with all later ones", func(n int) string {
		var b strings.Builder
		b.WriteString("{hello ...f0}")
		parts := 1
		for parts*parts < n {
			parts++
		}
		for i := range parts {
			fmt.Fprintf(&b, " fragment f%d on Query{hello", i)
			for next := i + 1; next < parts; next++ {
				fmt.Fprintf(&b, " ...f%d", next)
			}
			b.WriteString("}")
		}
		return b.String()
	}},
	{"chain of fragments", func(n int) string {
		var b strings.Builder
		b.WriteString("{...f0}")
		for i := range n {
			fmt.Fprintf(&b, " fragment f%d on Query{", i)
			if i+1 < n {
				fmt.Fprintf(&b, "...f%d}", i+1)
			} else {
				b.WriteString("hello}")
			}
		}
		return b.String()
	}},
	{"fragments that double fields", func(n int) string {
		var b strings.Builder
		b.WriteString("{item{...f0}}")
		for i := range n {
			fmt.Fprintf(&b, " fragment f%d on Item{", i)
			if i+1 < n {
				fmt.Fprintf(&b, "a:item{...f%d} b:item{...f%d}}", i+1, i+1)
			} else {
				b.WriteString("hello}")
			}
		}
		return b.String()
	}},
	{"fragments that mix fields", func(n int) string {
		var b strings.Builder
		b.WriteString("{item{...f0 ...g0}}")
		for i := range n {
			for _, f := range []string{"f", "g"} {
				fmt.Fprintf(&b, " fragment %s%d on Item{", f, i)
				if i+1 < n {
					fmt.Fprintf(&b, "a:item{...%s%d} b:item{...f%d ...g%d}}", f, i+1, (i*7+1)%(n-i)+i, (i*5+1)%(n-i)+i)
				} else {
					b.WriteString("hello}")
				}
			}
		}
		return b.String()
	}},
	{"conflicting arguments", repeated("{", func(i int) string { return fmt.Sprintf(`echo(s:"%d") `, i) }, "}")},
	{"conflicting introspection", repeated("{", func(i int) string { return fmt.Sprintf(`__type(name:"%d"){name} `, i) }, "}")},
	{"unknown fields after newlines", func(n int) string {
		return strings.Repeat("\n", 4*n) + "{" + strings.Repeat("x ", n) + "}"
	}},
	{"syntax error after a long string", func(n int) string {
		return `{a(s:"` + strings.Repeat("z", 10*n) + `") ]}`
	}},
	{"long string that is wrong", func(n int) string {
		return `{item(n:"` + strings.Repeat(`\u0001`, 10*n) + `"){hello}}`
	}},
	{"introspection multiplied", func(n int) string {
		var b strings.Builder
		b.WriteString("{")
		for i := range n {
			fmt.Fprintf(&b, "a%d:__schema{types{...F0}} ", i)
		}
		b.WriteString("} fragment F0 on __Type{fields{type{...F1}}} fragment F1 on __Type{ofType{ofType{name}}}")
		return b.String()
	}},
	{"dots without blanks", func(n int) string {
		var b strings.Builder
		b.WriteString("{hello")
		for i := range n {
			fmt.Fprintf(&b, "...f%d", i)
		}
		b.WriteString("}")
		for i := range n {
			fmt.Fprintf(&b, "fragment f%d on Query{hello}", i)
		}
		return b.String()
	}},
	{"a long type name", func(n int) string { return "{hello ...on " + strings.Repeat("T", 25*n) + "{a}}" }},
	{"names nearly right", repeated("{", func(i int) string { return fmt.Sprintf("...on T%dx{a} ", i) }, "}")},
	{"list of wrong elements", repeated("{in(v:[", func(int) string { return `"z",` }, "])}")},
	{"one field many times", repeated("{", func(int) string { return "hello " }, "}")},
	{"one field with selections many times", repeated("{", func(int) string { return "item{item{hello}} " }, "}")},
	{"abstract types", repeated("{all{", func(int) string { return "...on Every{...on All{id}}" }, "}}")},
	{"object types beside abstract ones", repeated("{all{", func(int) string { return "...on Every{...on All{x:id}}...on Item{x:id}" }, "}}")},
	{"many objects", repeated("{all{", func(i int) string { return fmt.Sprintf("...on T%d{n:next{id}}...on All{n:id}", i) }, "}}")},
	{"nested selections", nested("{", "item{", "hello", "}", "}")},
	{"nested lists", nested("{a(s:", "[", "", "]", ")}")},
	{"nested objects", nested("{a(s:", "{a:", "1", "}", ")}")},
	{"nested list types", nested("query($v:", "[", "Int", "]", "){hello}")},
	{"fields of a large object", repeated("{in(v:{", func(i int) string { return fmt.Sprintf("f%d:1 ", i%1900) }, "})}")},
	{"values of a large enum", repeated("{", func(i int) string { return fmt.Sprintf("c%d:color(v:C%d) ", i, i%1900) }, "}")},
	{"variables", func(n int) string {
		var b strings.Builder
		b.WriteString("query(")
		for i := range n {
			fmt.Fprintf(&b, "$v%d:Int ", i)
		}
		b.WriteString("){")
		for i := range n {
			fmt.Fprintf(&b, "i%d:item(n:$v%d){hello}", i, i)
		}
		return b.String() + "}"
	}},
	{"undefined variables", repeated("{", func(i int) string { return fmt.Sprintf("item(n:$v%d){hello} ", i) }, "}")},
	{"operations with all fragments", func(n int) string {
		var b strings.Builder
		for i := range n / 2 {
			fmt.Fprintf(&b, "query q%d($v:Int){...f0}", i)
		}
		for i := range n / 2 {
			fmt.Fprintf(&b, "fragment f%d on Query{", i)
			if i+1 < n/2 {
				fmt.Fprintf(&b, "...f%d}", i+1)
			} else {
				b.WriteString("item(n:$v){hello}}")
			}
		}
		return b.String()
	}},
	{"circles of fragments", func(n int) string {
		var b strings.Builder
		b.WriteString("{...f0}")
		for i := range n {
			fmt.Fprintf(&b, "fragment f%d on Query{...f%d ...f0 ...f%d}", i, (i+1)%n, i)
		}
		return b.String()
	}},
	{"comments", repeated("{hello", func(int) string { return "#\n" }, "}")},
	{"blank block strings", repeated("{", func(int) string { return "echo(s:\"\"\"a\n  b\"\"\")" }, "}")},
	{"lines of a block string", repeated(`{echo(s:"""a`, func(int) string { return "\n x" }, `""")}`)},
	{"escapes", repeated(`{echo(s:"`, func(int) string { return `\uD83D\uDE00` }, `")}`)},
	{"directives", repeated("{hello", func(int) string { return " @skip(if:true)" }, "}")},
	{"unknown directives", repeated("{hello", func(i int) string { return fmt.Sprintf(" @x%d", i) }, "}")},
	{"arguments", repeated("{item(n:1", func(i int) string { return fmt.Sprintf(" x%d:1", i) }, "){hello}}")},
	{"operations without a name", repeated("", func(int) string { return "{hello}" }, "")},
	{"brackets", repeated("", func(int) string { return "{" }, "")},
	{"quotes", repeated("", func(int) string { return `"` }, "")},
	{"dollars", repeated("query(", func(int) string { return `$` }, "")},
}

func repeated(before string, part func(i int) string, after string) func(int) string {
	return func(n int) string {
		var b strings.Builder
		b.WriteString(before)
		for i := range n {
			b.WriteString(part(i))
		}
		b.WriteString(after)
		return b.String()
	}
}

func nested(before, open, inside, end, after string) func(int) string {
	return func(n int) string {
		return before + strings.Repeat(open, n) + inside + strings.Repeat(end, n) + after
	}
}
