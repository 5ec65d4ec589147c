package document_test

import (
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/document"
	"github.com/fanql/fanql/ports"
)

// template makes documents that grow: a part comes many times, between a beginning
// and an end. In the part of number i, and in the end as in a part that follows,
// ~ stands for i, ^ for i+1 and ? for i+2.
type template struct{ name, before, part, after string }

func (t template) make(n int) string {
	b := []byte(t.before)
	for i := range n {
		b = appendNumbered(b, t.part, i)
	}
	return string(appendNumbered(b, t.after, n))
}

func appendNumbered(b []byte, text string, i int) []byte {
	for {
		mark := strings.IndexAny(text, "~^?")
		if mark < 0 {
			return append(b, text...)
		}
		b = strconv.AppendInt(append(b, text[:mark]...), int64(i+strings.IndexByte("~^?", text[mark])), 10)
		text = text[mark+1:]
	}
}

// templates are documents that cost too much somewhere.
var templates = []template{
	{"mesh of fragments", "{hello ...f0}", " fragment f~ on Query{hello ...f^ ...f?}", " fragment f~ on Query{hello ...f^} fragment f^ on Query{hello}"},
	{"chain of fragments", "{...f0}", " fragment f~ on Query{...f^}", " fragment f~ on Query{hello}"},
	{"chain of fragments with variables", "query($v:Int){...f0}", " fragment f~ on Query{...f^ i~:item(n:$v){hello}}", " fragment f~ on Query{hello}"},
	{"chain of fields in fragments", "{item{...f0}}", " fragment f~ on Item{item{...f^}}", " fragment f~ on Item{hello}"},
	{"fragments that double fields", "{item{...f0}}", " fragment f~ on Item{a:item{...f^} b:item{...f^}}", " fragment f~ on Item{hello}"},
	{
		"fragments that mix fields", "{item{...f0 ...g0}}",
		" fragment f~ on Item{a:item{...f^} b:item{...f^ ...g^}} fragment g~ on Item{a:item{...f? ...g^} b:item{...g?}}",
		" fragment f~ on Item{hello} fragment f^ on Item{id} fragment g~ on Item{hello} fragment g^ on Item{id}",
	},
	{"circles of fragments", "{...f0}", "fragment f~ on Query{...f^ ...f0 ...f~}", "fragment f~ on Query{...f0}"},
	{"fragments that conflict", "{echo(s:\"a\") ...f0}", " fragment f~ on Query{echo(s:\"~\") ...f^}", " fragment f~ on Query{hello}"},
	{"unused fragments", "{hello}", "fragment f~ on Query{...f^}", "fragment f~ on Query{hello}"},
	{"unknown fragments", "{hello", "...f~", "}"},
	{"conflicting arguments", "{", `echo(s:"~") `, "}"},
	{"conflicting introspection", "{", `__type(name:"~"){name} `, "}"},
	{"unknown fields", "{", "\n\n\n\nx ", "}"},
	{"syntax error after a long string", `{a(s:"`, "zzzzzzzzzz", `") ]}`},
	{"long string that is wrong", `{item(n:"`, `\u0001`, `"){hello}}`},
	{
		"introspection multiplied", "{", "a~:__schema{types{...F0}} ",
		"} fragment F0 on __Type{fields{type{...F1}}} fragment F1 on __Type{ofType{ofType{name}}}",
	},
	{"a long type name", "{hello ...on ", "T", "{a}}"},
	{"names nearly right", "{", "...on T~x{a} ", "}"},
	{"list of wrong elements", "{in(v:[", `"z",`, "])}"},
	{"one field many times", "{", "hello ", "}"},
	{"one field with selections many times", "{", "item{item{hello}} ", "}"},
	{"abstract types", "{all{", "...on Every{...on All{id}}", "}}"},
	{"objects beside interfaces", "{all{", "...on Every{...on All{x:id}}...on Item{x:id}", "}}"},
	{"many objects beside interfaces", "{all{", "...on T~{n:id}...on All{n:id}", "}}"},
	{"nested selections", "", "{item", ""},
	{"nested lists", "{a(s:", "[", ""},
	{"nested objects", "{a(s:", "{a:", ""},
	{"nested list types", "query($v:", "[", ""},
	{"fields of a large object", "{in(v:{", "f~:1 ", "})}"},
	{"values of a large enum", "{", "c~:color(v:C~) ", "}"},
	{"unused variables", "query(", "$v~:Int ", "){hello}"},
	{"undefined variables", "{", "i~:item(n:$v~){hello} ", "}"},
	{"operations with a fragment", "", "query q~($v:Int){...F}", "fragment F on Query{item(n:$v){hello}}"},
	{"operations with a chain of fragments", "", "query q~($v:Int){...f0} fragment f~ on Query{...f^}", "fragment f~ on Query{item(n:$v){hello}}"},
	{"subscriptions with a chain of fragments", "", "subscription q~{...f0} fragment f~ on Subscription{...f^}", "fragment f~ on Subscription{s}"},
	{"operations without a name", "", "{hello}", ""},
	{"comments", "{hello", "#\n", "}"},
	{"block strings", "{", "echo(s:\"\"\"a\n  b\"\"\")", "}"},
	{"lines of a block string", `{echo(s:"""a`, "\n x", `""")}`},
	{"escapes", `{echo(s:"`, `\uD83D\uDE00`, `")}`},
	{"directives", "{hello", " @skip(if:true)", "}"},
	{"unknown directives", "{hello", " @x~", "}"},
	{"arguments", "{item(n:1", " x~:1", "){hello}}"},
	{"brackets", "", "{", ""},
	{"quotes", "", `"`, ""},
	{"dollars", "query(", "$", ""},
}

// families are those documents, and some that need more to be made.
func families() map[string]func(n int) string {
	families := map[string]func(n int) string{
		"fragments with all later ones": func(n int) string {
			fragments := int(math.Sqrt(float64(n)))
			var b strings.Builder
			b.WriteString("{hello ...f0}")
			for i := range fragments {
				fmt.Fprintf(&b, " fragment f%d on Query{hello", i)
				for next := i + 1; next < fragments; next++ {
					fmt.Fprintf(&b, " ...f%d", next)
				}
				b.WriteString("}")
			}
			return b.String()
		},
		"variables": func(n int) string {
			used := template{"", "{", "i~:item(n:$v~){hello} ", "}"}
			return template{"", "query(", "$v~:Int ", ")"}.make(n) + used.make(n)
		},
		"fragments side by side": func(n int) string {
			defined := template{"", "", "fragment f~ on Query{hello}", ""}
			return template{"", "{hello", "...f~", "}"}.make(n) + defined.make(n)
		},
		"objects that repeat": func(n int) string {
			value := template{"", `{`, "f~:1 ", "}"}.make(min(n, 1900))
			return "{in(v:" + value + ")" + "in(v:" + value + ")}"
		},
	}
	for _, template := range templates {
		families[template.name] = template.make
	}
	return families
}

// ofSize makes a document of about so many bytes.
func ofSize(family func(n int) string, bytes int) string {
	n := 100
	for range 3 {
		n = max(1, n*bytes/len(family(n)))
	}
	return family(n)
}

// spent is what preparing a document some times costs: processor time, the least of
// some rounds, and bytes allocated.
type spent struct {
	cpu   time.Duration
	bytes uint64
}

func (s *spent) measure(t testing.TB, schema *ast.Schema, text string, times int, limits ports.Limits) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := processorTime(t)
	for range times {
		_, errs := document.Prepare(schema, text, limits)
		checkErrors(t, errs)
	}
	cpu := processorTime(t) - start
	runtime.ReadMemStats(&after)
	s.bytes = after.TotalAlloc - before.TotalAlloc
	if s.cpu == 0 || cpu < s.cpu {
		s.cpu = cpu
	}
}

func checkErrors(t testing.TB, errs ports.ResponseErrors) {
	t.Helper()
	if len(errs) > 10 {
		t.Errorf("%d errors", len(errs))
	}
	if length := len(errs.AppendJSON(nil)); length > 16<<10 {
		t.Errorf("the errors encode to %d bytes", length)
	}
	for _, err := range errs {
		if err.Message == "the document could not be read" {
			t.Error(err.Message)
		}
	}
}

func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// TestBudget: a document of 10 KB takes no more than 20 ms and 8 MB, with limits or
// without; one of 128 KB no more than 100 ms and 64 MB.
func TestBudget(t *testing.T) {
	limits := ports.Limits{Bytes: 128 << 10, Tokens: 2000, Depth: 25, Aliases: 100, Fields: 5000}
	type sizes struct{ small, large string }
	documents := map[string]sizes{}
	for name, family := range families() {
		documents[name] = sizes{ofSize(family, 10_000), ofSize(family, 128<<10)}
	}
	all := []int{4, 300, 2000}
	if slowdown > 1 { // make test has all of them, without the race detector
		all = []int{2000}
	}
	for _, types := range all {
		schema := large(t, types)
		for name, sizes := range documents {
			check := func(text string, limits ports.Limits, cpu time.Duration, allocated uint64) {
				var spent spent
				for round := 0; round == 0 || round < 10 && spent.cpu > cpu; round++ {
					spent.measure(t, schema, text, 1, limits)
				}
				if spent.cpu > cpu || spent.bytes > allocated {
					t.Errorf("%s, %d types, %d bytes: %v, %d bytes allocated", name, types, len(text), spent.cpu, spent.bytes)
				}
			}
			check(sizes.small, limits, 20*time.Millisecond*slowdown, 8<<20)
			check(sizes.small, ports.Limits{}, 20*time.Millisecond*slowdown, 8<<20)
			check(sizes.large, ports.Limits{}, 100*time.Millisecond*slowdown, 64<<20)
		}
	}
}

// TestCostGrowsWithTheDocument: without limits, twice the document costs at most 2.2
// times as much. It is measured where a document has doubled six times, so that what a
// busy machine adds is little beside what is allowed, and nothing beside a square.
func TestCostGrowsWithTheDocument(t *testing.T) {
	schema := large(t, 2000)
	for name, family := range families() {
		t.Run(name, func(t *testing.T) { checkGrowth(t, schema, family, 2*time.Millisecond) })
	}
}

// checkGrowth compares a document with 64 of a 64th of its size, so that the
// garbage collector has as much to do. One that costs less than least is not compared.
func checkGrowth(t testing.TB, schema *ast.Schema, family func(n int) string, least time.Duration) {
	t.Helper()
	const (
		times  = 64 // six times twice as long
		lesser = 1 << 10
		growth = 2.2 * 2.2 * 2.2 * 2.2 * 2.2 * 2.2 / times
		bytes  = 4 << 20
	)
	less, more := ofSize(family, lesser), ofSize(family, times*lesser)
	var a, b spent
	ok := false
	for round := 0; round < 20 && !ok; round++ {
		b.measure(t, schema, more, 1, ports.Limits{})
		if b.cpu > least*slowdown || b.bytes > bytes {
			a.measure(t, schema, less, times, ports.Limits{})
		}
		ok = float64(b.cpu) <= max(growth*float64(a.cpu), float64(least*slowdown)) && float64(b.bytes) <= growth*float64(max(a.bytes, bytes))
	}
	if !ok {
		t.Errorf("%d bytes, %d times: %v, %d bytes allocated; %d bytes: %v, %d bytes allocated",
			len(less), times, a.cpu, a.bytes, len(more), b.cpu, b.bytes)
	}
}

// FuzzPrepareCost looks for documents whose cost grows faster than they do.
func FuzzPrepareCost(f *testing.F) {
	for _, template := range templates {
		f.Add(template.before, template.part, template.after)
	}
	schema := large(f, 300)
	f.Fuzz(func(t *testing.T, before, part, after string) {
		if len(part) == 0 || len(before)+len(part)+len(after) > 1000 {
			return
		}
		// A short document may be refused where a long one is not.
		checkGrowth(t, schema, template{"", before, part, after}.make, 12*time.Millisecond)
	})
}
