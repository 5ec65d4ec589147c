package doccheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"go.yaml.in/yaml/v3"
)

// fence is a fenced block of a document.
type fence struct {
	line     int // of its first fence
	language string
	lines    []string
	// source is what it quotes, as in the marker above it; empty: it is no quotation.
	source string
}

// fences returns the fenced blocks of a document.
func fences(lines []string) ([]fence, error) {
	var found []fence
	for i := 0; i < len(lines); i++ {
		if strings.HasPrefix(strings.TrimSpace(lines[i]), "~~~") {
			return nil, fmt.Errorf("%d: a block begins with ```", i+1)
		}
		if !isFence(lines[i]) {
			continue
		}
		quoted, err := block(lines[i:])
		if err != nil {
			return nil, fmt.Errorf("%d: %w", i+1, err)
		}
		one := fence{line: i + 1, language: strings.Trim(strings.TrimSpace(lines[i]), "`"), lines: quoted}
		if i > 0 {
			if mark := markerOf(lines[i-1]); mark != nil {
				one.source = mark[2]
			}
		}
		found = append(found, one)
		i += len(quoted) + 1
	}
	return found, nil
}

// blocks says which blocks of one document nothing holds: what is in them is the code of
// a file that is compiled or run, or is parsed here, or is no code.
func blocks(fsys fs.FS, document string, all []fence) []string {
	var found []string
	for _, one := range all {
		if err := hold(fsys, document, one); err != nil {
			found = append(found, fmt.Sprintf("%s:%d: %v", document, one.line, err))
		}
	}
	return found
}

// hold reports why nothing holds a block.
func hold(fsys fs.FS, document string, one fence) error {
	text := strings.Join(one.lines, "\n") + "\n"
	extensions, code := extensionsOf()[one.language]
	switch {
	case one.source != "" && code:
		return sourceFits(fsys, one.source, extensions)
	case one.source != "":
		return nil
	}
	switch one.language {
	case "":
		return errors.New("the block has no language; what is no code is text")
	case "json":
		return parseJSON(text)
	case "yaml":
		return parseYAML(text)
	case "graphql":
		return parseGraphQL(text)
	case "sh":
		return shell(fsys, beginning(fsys, document), one.lines)
	case "text":
		return noCode(one.lines)
	}
	if code {
		return fmt.Errorf("a block of %s quotes a file that a test compiles or runs (see the package's comment)", one.language)
	}
	return fmt.Errorf("nothing holds a block of %s", one.language)
}

// extensionsOf are the languages of which a block has to be a quotation, unless it is
// parsed, with the names that their files have.
func extensionsOf() map[string][]string {
	return map[string][]string{
		"go":      {".go"},
		"js":      {".js", ".mjs"},
		"ts":      {".ts"},
		"tsx":     {".tsx"},
		"graphql": {".graphql", ".graphqls"},
		"json":    {".json"},
		"yaml":    {".yaml", ".yml"},
		"hcl":     {".tf"},
		"sh":      {".sh"},
	}
}

// runners are the tests that compile or run the files of a folder outside the module
// of this repository, or one such file.
func runners() map[string]string {
	return map[string]string{
		"e2e/apigw/goclients/resuming":                 "TestOnTheServer",
		"e2e/clients/deploying.mjs":                    "TestDeployingClient",
		"e2e/clients/quickstart.mjs":                   "TestQuickstartClient",
		"e2e/clients/recipes/eventsource.mjs":          "TestStreamsResume",
		"e2e/clients/recipes/graphql-sse.mjs":          "TestStreamsResume",
		"e2e/clients/recipes/graphql-sse-header.mjs":   "TestStreamsResume",
		"e2e/clients/recipes":                          "TestOnTheServer",
		"e2e/federation/gateway.config.mjs":            "TestSubscriptionsBehindAGateway",
		"examples/notices/react/src":                   "TestPage",
		"examples/notices/react/src/apollo":            "TestPage",
		"examples/notices/react/src/relay":             "TestPage",
		"examples/notices/react/src/urql":              "TestPage",
		"examples/notices/react/vite.config.ts":        "TestPage",
		"examples/subgraph/gateway/gateway.config.mjs": "TestThroughTheGateway",
	}
}

// runnerOf is the test that compiles or runs a file, or empty.
func runnerOf(file string) string {
	if test := runners()[file]; test != "" {
		return test
	}
	return runners()[path.Dir(file)]
}

// sourceFits reports why a quotation of a language is none of code that is compiled or
// run. Whether it equals its source is checked elsewhere.
func sourceFits(fsys fs.FS, source string, extensions []string) error {
	file, _, region := strings.Cut(source, "#")
	switch {
	case !region && strings.HasPrefix(path.Ext(file), ".Example"): // whose package is tested
		return nil
	case !slices.Contains(extensions, path.Ext(file)):
		return fmt.Errorf("the block has another language than %s", file)
	case slices.Contains(strings.Split(file, "/"), "testdata"):
		return fmt.Errorf("nothing compiles %s", file)
	case runnerOf(file) != "":
		return nil
	case path.Ext(file) == ".go":
		return inModule(fsys, file)
	case slices.Contains([]string{".js", ".mjs", ".ts", ".tsx"}, path.Ext(file)):
		return fmt.Errorf("no test runs %s: name it in runners", file)
	}
	return nil
}

// inModule reports that a Go file is of another module, or ignored.
func inModule(fsys fs.FS, file string) error {
	for folder := path.Dir(file); folder != "."; folder = path.Dir(folder) {
		if _, err := fs.Stat(fsys, path.Join(folder, "go.mod")); err == nil {
			return fmt.Errorf("%s is of another module: name the test that builds it in runners", file)
		}
	}
	text, err := fs.ReadFile(fsys, file)
	if err == nil && regexp.MustCompile(`(?m)^//go:build .*ignore`).Match(text) {
		return fmt.Errorf("nothing compiles %s", file)
	}
	return nil // that a file is not there is said by compare
}

func parseJSON(text string) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	for values := 0; ; values++ {
		var value any
		err := decoder.Decode(&value)
		switch {
		case errors.Is(err, io.EOF) && values > 0:
			return nil
		case err != nil:
			return fmt.Errorf("no JSON: %w", err)
		}
	}
}

func parseYAML(text string) error {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	if value == nil {
		return errors.New("the block is empty")
	}
	return nil
}

// parseGraphQL takes a request or a schema.
func parseGraphQL(text string) error {
	source := &ast.Source{Input: text}
	_, err := parser.ParseQuery(source)
	if err == nil {
		return nil
	}
	if _, another := parser.ParseSchema(source); another == nil {
		return nil
	}
	return fmt.Errorf("no GraphQL: %w", err)
}

// noCode reports a line of text that is code, of which the block has to say the language.
func noCode(lines []string) error {
	code := regexp.MustCompile(`^\s*(func |import |package \w+$|const |type \w+ (struct|interface)|export |(go|make|npm|curl|fanql) [a-z])`)
	if i := slices.IndexFunc(lines, code.MatchString); i >= 0 {
		return fmt.Errorf("a block of text has code: %q", lines[i])
	}
	return nil
}
