package doccheck

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// quotations says what is wrong with the quotations of one document.
func quotations(fsys fs.FS, document string, lines []string) []string {
	var found []string
	for i, line := range lines {
		mark := markerOf(line)
		if mark == nil {
			continue
		}
		quoted, err := block(lines[i+1:])
		if err == nil {
			err = compare(fsys, mark[1], mark[2], quoted)
		}
		if err != nil {
			found = append(found, fmt.Sprintf("%s:%d: %s %s: %v", document, i+1, mark[1], mark[2], err))
		}
	}
	return found
}

// markerOf returns the kind and the name of the source that a line announces, or nil.
func markerOf(line string) []string {
	return regexp.MustCompile(`^\s*<!-- (example|file): (\S+) -->\s*$`).FindStringSubmatch(line)
}

// block returns the lines of the fenced block with which lines begin.
func block(lines []string) ([]string, error) {
	if len(lines) == 0 || !isFence(lines[0]) {
		return nil, errors.New("no fenced block on the line below")
	}
	end := slices.IndexFunc(lines[1:], isFence)
	if end < 0 {
		return nil, errors.New("the block does not end")
	}
	return lines[1 : end+1], nil
}

func isFence(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "```") }

// compare reports how a quotation differs from its source.
func compare(fsys fs.FS, kind, name string, quoted []string) error {
	read := region
	if kind == "example" {
		read = exampleBody
	}
	source, err := read(fsys, name)
	if err != nil {
		return err
	}
	got, want := normalize(quoted), normalize(source)
	if want[0] == "" {
		return errors.New("the source is empty")
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Errorf("line %d of the block is %q, of the source %q", i+1, at(got, i), at(want, i))
		}
	}
	return nil
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(none)"
}

// normalize drops what does not count: indentation, the ends of lines, empty
// lines around the whole. It returns one line at least.
func normalize(lines []string) []string {
	trimmed := make([]string, len(lines))
	for i, line := range lines {
		trimmed[i] = strings.TrimSpace(line)
	}
	return strings.Split(strings.TrimSpace(strings.Join(trimmed, "\n")), "\n")
}

// region returns the lines of a named region, as in "dir/file.go#name", or of a whole
// file.
func region(fsys fs.FS, name string) ([]string, error) {
	file, mark, named := strings.Cut(name, "#")
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	if !named {
		return strings.Split(string(text), "\n"), nil
	}
	var lines []string
	inside := false
	for line := range strings.Lines(string(text)) {
		switch fields := strings.Fields(line); {
		case hasMark(fields, "docs:end", mark) && inside:
			return lines, nil
		case hasMark(fields, "docs:start", mark):
			inside = true
		case inside && !slices.Contains(fields, "docs:start") && !slices.Contains(fields, "docs:end"):
			lines = append(lines, line)
		}
	}
	return nil, fmt.Errorf("no docs:start %[1]s with a docs:end %[1]s after it", mark)
}

func hasMark(fields []string, word, mark string) bool {
	i := slices.Index(fields, word)
	return i >= 0 && i+1 < len(fields) && fields[i+1] == mark
}

// exampleBody returns the lines of an Example function's body, as in
// "adapters/memory.ExampleNew".
func exampleBody(fsys fs.FS, name string) ([]string, error) {
	i := strings.LastIndex(name, ".")
	if i < 0 {
		return nil, errors.New("not of the form package.Example")
	}
	files, err := fs.Glob(fsys, path.Join(name[:i], "*_test.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, file, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, declaration := range tree.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Name.Name == name[i+1:] && function.Recv == nil {
				from, to := set.Position(function.Body.Lbrace).Offset+1, set.Position(function.Body.Rbrace).Offset
				return withoutOutput(strings.Split(string(text[from:to]), "\n")), nil
			}
		}
	}
	return nil, errors.New("no such function in the package's tests")
}

// withoutOutput cuts an Example's output comment off.
func withoutOutput(lines []string) []string {
	output := regexp.MustCompile(`(?i)^\s*//\s*(unordered )?output:`)
	if i := slices.IndexFunc(lines, output.MatchString); i >= 0 {
		return lines[:i]
	}
	return lines
}
