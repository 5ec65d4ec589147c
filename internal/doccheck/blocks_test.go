package doccheck

import (
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func TestBlocks(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"chat/chat.go":                 {Data: []byte("package chat\n// docs:start a\nvar a = 1\n// docs:end a\n")},
		"chat/tool.go":                 {Data: []byte("//go:build ignore\n\npackage main\n// docs:start a\nvar a = 1\n// docs:end a\n")},
		"chat/testdata/chat.go":        {Data: []byte("// docs:start a\nvar a = 1\n// docs:end a\n")},
		"other/go.mod":                 {},
		"other/deep/chat.go":           {Data: []byte("// docs:start a\nvar a = 1\n// docs:end a\n")},
		"e2e/clients/quickstart.mjs":   {Data: []byte("// docs:start a\nvar a = 1\n// docs:end a\n")},
		"e2e/clients/unknown.mjs":      {Data: []byte("// docs:start a\nvar a = 1\n// docs:end a\n")},
		"chat/testdata/message.txt":    {Data: []byte("docs:start a\nvar a = 1\ndocs:end a\n")},
		"deploy/terraform/a/tables.tf": {Data: []byte("# docs:start a\nvar a = 1\n# docs:end a\n")},
	}
	quoting := func(language, file string) string {
		return "<!-- file: " + file + "#a -->\n```" + language + "\nvar a = 1\n```\n"
	}
	for name, test := range map[string]struct{ document, want string }{
		"Go of the module":                 {quoting("go", "chat/chat.go"), ""},
		"Go that is ignored":               {quoting("go", "chat/tool.go"), "nothing compiles chat/tool.go"},
		"Go of testdata":                   {quoting("go", "chat/testdata/chat.go"), "nothing compiles chat/testdata/chat.go"},
		"Go of another module":             {quoting("go", "other/deep/chat.go"), "other/deep/chat.go is of another module"},
		"Go that is no quotation":          {"```go\nvar a = 1\n```\n", "doc.md:1: a block of go quotes a file"},
		"Go in a list":                     {"1. one\n\n   ```go\n   var a = 1\n   ```\n", "doc.md:3: a block of go quotes a file"},
		"Go that says it is text":          {"```text\nfunc main() {}\n```\n", "a block of text has code"},
		"Go that is said to be JavaScript": {quoting("js", "chat/chat.go"), "another language"},
		"JavaScript that runs":             {quoting("js", "e2e/clients/quickstart.mjs"), ""},
		"JavaScript that does not run":     {quoting("js", "e2e/clients/unknown.mjs"), "no test runs e2e/clients/unknown.mjs"},
		"JavaScript that is no quotation":  {"```js\na()\n```\n", "a block of js quotes a file"},
		"TypeScript that is no quotation":  {"```tsx\na()\n```\n", "a block of tsx quotes a file"},
		"output":                           {quoting("text", "chat/testdata/message.txt"), ""},
		"no language":                      {"```\na\n```\n", "the block has no language"},
		"an unknown language":              {"```python\na\n```\n", "nothing holds a block of python"},
		"another fence":                    {"~~~go\na\n~~~\n", "doc.md:1: a block begins with ```"},
		"an open block":                    {"```text\na\n", "doc.md:1: the block does not end"},
		"a drawing":                        {"```text\na ──► b\n```\n", ""},
		"JSON":                             {"```json\n{\"a\": 1}\n{}\n```\n", ""},
		"no JSON":                          {"```json\n{\"a\": 1, ...}\n```\n", "no JSON"},
		"JSON of nothing":                  {"```json\n```\n", "no JSON"},
		"YAML":                             {"```yaml\na: [1]\n```\n", ""},
		"no YAML":                          {"```yaml\na: [1\n```\n", "yaml:"},
		"HCL that is quoted":               {quoting("hcl", "deploy/terraform/a/tables.tf"), ""},
		"HCL that quotes nothing":          {"```hcl\na = {}\n```\n", "a block of hcl quotes a file"},
		"a request":                        {"```graphql\nsubscription { a }\n```\n", ""},
		"a schema":                         {"```graphql\ntype Query { a: Int }\n```\n", ""},
		"no GraphQL":                       {"```graphql\nsubscription { a\n```\n", "no GraphQL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judgeText(t, tree, test.document, test.want)
		})
	}
}

// judgeText checks a text as a document at the root of a tree.
func judgeText(t *testing.T, tree fstest.MapFS, text, want string) {
	t.Helper()
	tree = maps.Clone(tree)
	tree["doc.md"] = &fstest.MapFile{Data: []byte(text)}
	judge(t, tree, "doc.md", want)
}

func TestShell(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"Makefile":                {Data: []byte("PORT ?=\nrun: ## it\n")},
		"main.go":                 {Data: []byte("package main\n\nvar quick = flag.Bool(\"quick\", false, os.Getenv(\"SEED\"))\n")},
		"main_test.go":            {Data: []byte("package main\n\nfunc TestModel(t *testing.T) {}\n")},
		"cmd/tool/main.go":        {},
		"npm/package.json":        {Data: []byte(`{"scripts": {"build": "tsc", "test": "node --test"}}`)},
		"npm/package-lock.json":   {},
		"scripts/do":              {Data: []byte("# Arguments: -runs 41\n"), Mode: 0o755},
		"scripts/data":            {Mode: 0o644},
		"deploy/redis.yaml":       {},
		"deploy/terraform/own.tf": {},
	}
	for script, want := range map[string]string{
		"make run PORT=8085 # and more": "",
		"make gone":                     "the Makefile has no gone",
		"make run GONE=1":               "the Makefile has no GONE=1",
		"go run . -quick":               "",
		"go vet":                        "it names no package",
		"go run ./cmd/tool &":           "",
		"go run ./cmd/gone":             "cmd/gone is no package",
		"go run ./cmd/tool -quick":      `no Go file in cmd/tool has "quick"`,
		"go test -tags e2e ./ -run '^TestModel$' -quick":    "",
		"SEED=1 go test ./ -run Model":                      "",
		"GONE=1 go test ./":                                 `no Go file in . has "GONE"`,
		"go test ./ -run TestGone":                          "no Go file in . has func TestGone",
		"go install github.com/fanql/fanql/cmd/tool@latest": "",
		"go get github.com/fanql/fanql/gone":                "gone is no package",
		"git clone https://github.com/fanql/fanql ../fanql": "",
		"go mod edit -replace github.com/fanql/fanql=../a":  "",
		"go mod gone": "go mod has edit and tidy here",
		"cd npm && npm ci && npm run build && npm test": "",
		"npm ci":                             "package.json",
		"cd gone":                            "gone",
		"(cd npm && npm run gone)":           "npm/package.json has no script gone",
		"(cd npm && npm ci)\nmake run":       "",
		"(cd npm":                            "a ( without its )",
		"scripts/do -runs 3":                 "",
		"scripts/do -gone":                   "scripts/do does not mention -gone",
		"scripts/data":                       "scripts/data cannot be executed",
		"scripts/gone":                       "scripts/gone",
		"cd deploy\nsam build -t redis.yaml": "",
		"sam build -t redis.yaml":            "redis.yaml",
		"zip deploy/function.zip main.go\ndocker build deploy/function.zip": "",
		"docker build deploy/gone": "deploy/gone",
		"unheard of":               "nothing checks the command unheard",
		"echo 'open":               "a ' does not end",
		"# nothing":                "the block has no command",
		"curl localhost/graphql \\\n  -d '{\"query\": \"{ send(a: \\\"b\\\") }\"}'": "",
		"curl localhost/graphql -d '{\"query\": \"{ send\"}'":                       "no GraphQL",
		"curl localhost/graphql -d '{\"query\": }'":                                 "invalid character",
		"aws scan |\nwhile read -r id; do\n    aws delete --id=\"$id\" > out\ndone": "",
		"fanql -stack a who room/42":                                                "",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			judgeText(t, tree, "```sh\n"+script+"\n```\n", want)
		})
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	commands, err := Commands(strings.Split("```sh\n(cd a && B=1 c \"d e\") | f 'g \"h' # i\nj\n```\n```text\nk\n```", "\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range commands {
		got = append(got, one.Folder+": "+strings.Join(one.Environment, " ")+" "+strings.Join(one.Words, "|"))
	}
	want := []string{".:  cd|a", "a: B=1 c|d e", ".:  f|g \"h", ".:  j"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the commands are %q, want %q", got, want)
	}
}

// TestRunners: the tests that are said to run what the documents quote are there, beside
// or above it, as is what they run.
func TestRunners(t *testing.T) {
	t.Parallel()
	tree := os.DirFS("../..")
	tests, _ := sources(t, tree)
	for source, test := range runners() {
		if _, err := fs.Stat(tree, source); err != nil {
			t.Error(err)
		}
		if !strings.Contains(tests, "func "+test+"(") {
			t.Errorf("%s: there is no test %s", source, test)
		}
	}
}
