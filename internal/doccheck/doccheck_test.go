package doccheck

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestDocuments(t *testing.T) {
	fsys := os.DirFS("../..")
	documents := find(t, fsys)
	if !slices.Contains(documents, "CONTRIBUTING.md") {
		t.Errorf("the documents found are %q", documents)
	}
	for _, document := range documents {
		if text, err := fs.ReadFile(fsys, document); err != nil || !strings.HasPrefix(string(text), "# ") {
			t.Errorf("%s does not begin with a title (%v)", document, err)
		}
		for _, problem := range check(t, fsys, document) {
			t.Error(problem)
		}
	}
}

// find returns the documents of the tree, but those of installed packages.
func find(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	var documents []string
	err := fs.WalkDir(fsys, ".", func(file string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && (name == "node_modules" || name == "testdata" || len(name) > 1 && name[0] == '.'):
			return fs.SkipDir
		case path.Ext(name) == ".md":
			documents = append(documents, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

func check(t *testing.T, fsys fs.FS, document string) []string {
	t.Helper()
	text, err := fs.ReadFile(fsys, document)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	all, err := fences(lines)
	if err != nil {
		return []string{document + ":" + err.Error()}
	}
	return slices.Concat(quotations(fsys, document, lines), blocks(fsys, document, all), links(fsys, document, lines))
}

func TestQuotations(t *testing.T) {
	const source = `package greet_test

func helper() {}

func ExampleHello() {
	if true {
		greet.Hello("world")
	}
	// Output:
	// hello world
}
`
	const topics = `package chat

// docs:start topics
var a = 1

// docs:start inner
var b = 2
// docs:end inner
// docs:end topics

// docs:start nothing
// docs:end nothing

// docs:start open
`
	const body = "if true {\n\tgreet.Hello(\"world\")\n}\n"
	for name, test := range map[string]struct{ document, want string }{
		"an example":                       {"<!-- example: greet.ExampleHello -->\n```go\n" + body + "```\n", ""},
		"an example in a list":             {"  <!-- example: greet.ExampleHello -->\n  ```go\n  if true {\n      greet.Hello(\"world\")\n  }\n  ```\n", ""},
		"a changed word":                   {"<!-- example: greet.ExampleHello -->\n```go\n" + strings.Replace(body, "world", "moon", 1) + "```\n", `line 2 of the block is "greet.Hello(\"moon\")", of the source "greet.Hello(\"world\")"`},
		"a line that is missing":           {"<!-- example: greet.ExampleHello -->\n```go\nif true {\n\tgreet.Hello(\"world\")\n```\n", `line 3 of the block is "(none)", of the source "}"`},
		"a line too many":                  {"<!-- example: greet.ExampleHello -->\n```go\n" + body + "more()\n```\n", `line 4 of the block is "more()", of the source "(none)"`},
		"an example that is not there":     {"<!-- example: greet.ExampleGone -->\n```go\n```\n", "no such function in the package's tests"},
		"a package that is not there":      {"<!-- example: gone.ExampleHello -->\n```go\n```\n", "no such function in the package's tests"},
		"a marker with a line below":       {"<!-- example: greet.ExampleHello -->\n\n```text\n" + body + "```\n", "no fenced block on the line below"},
		"a block without an end":           {"<!-- example: greet.ExampleHello -->\n```go\n" + body, "the block does not end"},
		"a region":                         {"<!-- file: chat/schema.go#topics -->\n```go\nvar a = 1\n\nvar b = 2\n```\n", ""},
		"a region inside another":          {"<!-- file: chat/schema.go#inner -->\n```go\nvar b = 2\n```\n", ""},
		"a region that changed":            {"<!-- file: chat/schema.go#inner -->\n```go\nvar b = 3\n```\n", `line 1 of the block is "var b = 3", of the source "var b = 2"`},
		"a region without an end":          {"<!-- file: chat/schema.go#open -->\n```go\n```\n", "no docs:start open with a docs:end open after it"},
		"a region with nothing in it":      {"<!-- file: chat/schema.go#nothing -->\n```go\n```\n", "the source is empty"},
		"a whole file":                     {"<!-- file: chat/config.json -->\n```json\n{\"a\": 1}\n```\n", ""},
		"a whole file that changed":        {"<!-- file: chat/config.json -->\n```json\n{\"a\": 2}\n```\n", `line 1 of the block is "{\"a\": 2}"`},
		"a whole file in another language": {"<!-- file: chat/config.json -->\n```go\n{\"a\": 1}\n```\n", "the block has another language than chat/config.json"},
		"a file that is not there":         {"<!-- file: chat/gone.go#topics -->\n```go\n```\n", "open chat/gone.go: file does not exist"},
		"a block that is not a quotation":  {"```text\nanything()\n```\n", ""},
		"another comment in front of code": {"<!-- example of a comment -->\n```text\nanything()\n```\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, fstest.MapFS{
				"doc.md":                {Data: []byte(test.document)},
				"greet/example_test.go": {Data: []byte(source)},
				"chat/schema.go":        {Data: []byte(topics)},
				"chat/config.json":      {Data: []byte("{\"a\": 1}\n")},
			}, "doc.md", test.want)
		})
	}
}

func TestLinks(t *testing.T) {
	for name, test := range map[string]struct{ document, want string }{
		"a file":                     {"see [it](other.md) and [that](../LICENSE)", ""},
		"a heading":                  {"see [it](other.md#what-it-costs)", ""},
		"a heading of this document": {"# Here `and` there!\nsee [it](#here-and-there)", ""},
		"another place":              {"see [it](https://example.com/gone) or [us](mailto:us@example.com)", ""},
		"code":                       {"call `f[0](gone.md)`\n```text\n[x](gone.md)\n```\n", ""},
		"a file that is not there":   {"\nsee [it](gone.md)", "docs/doc.md:2: the link to gone.md: open docs/gone.md: file does not exist"},
		"an image that is not there": {"![it](gone.png \"a title\")", "the link to gone.png"},
		"a file that moved":          {"see [it](../other.md)", "open other.md: file does not exist"},
		"a heading that is not":      {"see [it](other.md#gone)", "docs/other.md has no heading #gone"},
		"a folder":                   {"see [it](../docs) and [that](../docs/)", ""},
		"a folder that is not there": {"see [it](../gone/)", "open gone: file does not exist"},
		"a heading of a folder":      {"see [it](../docs#gone)", "docs is a folder"},
		"outside the tree":           {"see [it](../../other.md)", "open ../other.md"},
		"the second of its name":     {"# A\n# A\nsee [it](#a-1)", ""},
		"the third of its name":      {"# A\n# A\nsee [it](#a-2)", "no heading #a-2"},
		"a line":                     {"see [it](code.go#L2)", ""},
		"a line that is not there":   {"see [it](code.go#L9)", "docs/code.go has no line 9"},
		"a name in code":             {"see [it](code.go#main)", "docs/code.go has no #main"},
		"an image in HTML":           {"<picture><source srcset=\"gone.svg\"><img alt=\"\" src=\"other.md\"></picture>", "the link to gone.svg"},
		"a link in HTML":             {"<a href=\"gone.md\">it</a>", "the link to gone.md"},
		"a definition":               {"[it]: gone.md", "the link to gone.md"},
		"an address by itself":       {"see https://example.com/a, or <https://example.com/b>.", ""},
		"an address without TLS":     {"see http://example.com.", "the link to http://example.com: it is not https"},
		"another scheme":             {"see [it](javascript:go)", "it is not https"},
		"an address without a host":  {"see [it](https:///gone)", "is no public host"},
		"this machine":               {"see [it](https://localhost:8080/)", "is no public host"},
		"what is no address":         {"see [it](https://example.com/%zz)", "invalid URL escape"},
		"our own":                    {"[it](https://github.com/fanql/fanql/blob/main/docs/other.md) [p](https://pkg.go.dev/github.com/fanql/fanql/docs#X)", ""},
		"our own that is not there":  {"see [it](https://pkg.go.dev/github.com/fanql/fanql/gone)", "open gone: file does not exist"},
		"a heading inside a block":   {"```text\n# gone\n```\nsee [it](#gone)", "docs/doc.md has no heading #gone"},
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, fstest.MapFS{
				"docs/doc.md":   {Data: []byte(test.document)},
				"docs/code.go":  {Data: []byte("package code\n\nfunc main() {}\n")},
				"docs/other.md": {Data: []byte("# Other\n\n## What it costs\n")},
				"LICENSE":       {},
			}, "docs/doc.md", test.want)
		})
	}
}

// TestAddresses has the addresses that the documents link to, for who wants to ask them:
// go test -run TestAddresses -v ./internal/doccheck
func TestAddresses(t *testing.T) {
	tree := os.DirFS("../..")
	found := map[string]string{}
	for _, document := range find(t, tree) {
		text, err := fs.ReadFile(tree, document)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range targets(strings.Split(string(text), "\n")) {
			for _, target := range line {
				if isAddress(target) {
					found[target] = document
				}
			}
		}
	}
	for _, target := range slices.Sorted(maps.Keys(found)) {
		t.Log(target, found[target])
	}
	if len(found) < 30 {
		t.Errorf("the documents link to %d addresses only", len(found))
	}
}

// judge checks a document that has one problem, or none where want is empty.
func judge(t *testing.T, fsys fs.FS, document, want string) {
	t.Helper()
	got := check(t, fsys, document)
	if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.Contains(got[0], want)) {
		t.Errorf("problems %q, want %q", got, want)
	}
}
