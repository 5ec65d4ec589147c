package doccheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Command is a simple command of a block of shell.
type Command struct {
	// Folder is where it runs, beginning at the root of the repository.
	Folder string
	// Environment are the assignments in front of it.
	Environment []string
	// Words are its name and its arguments, without their quotes.
	Words []string
}

// Commands returns the commands of a document's blocks of shell.
func Commands(lines []string) ([]Command, error) {
	all, err := fences(lines)
	if err != nil {
		return nil, err
	}
	var found []Command
	for _, one := range all {
		if one.language == "sh" {
			commands, err := commandsOf(".", one.lines)
			if err != nil {
				return nil, err
			}
			found = append(found, commands...)
		}
	}
	return found, nil
}

// commandsOf are the commands of one block. It knows quotes, comments, operators,
// subshells and loops, but neither expansions nor documents in place.
func commandsOf(folder string, lines []string) ([]Command, error) {
	tokens, err := tokenize(strings.ReplaceAll(strings.Join(lines, "\n"), "\\\n", " ") + "\n")
	if err != nil {
		return nil, err
	}
	var found []Command
	folders := []string{folder} // of the subshells that are open
	next := Command{}
	redirected := false
	end := func() {
		folder := &folders[len(folders)-1]
		if len(next.Words) > 0 {
			next.Folder = *folder
			found = append(found, next)
		}
		if len(next.Words) == 2 && next.Words[0] == "cd" {
			*folder = path.Join(*folder, next.Words[1])
		}
		next, redirected = Command{}, false
	}
	for _, one := range tokens {
		switch {
		case one.operator && (one.text == ">" || one.text == "<"):
			redirected = true
		case one.operator:
			end()
			if one.text == "(" {
				folders = append(folders, folders[len(folders)-1])
			}
			if one.text == ")" {
				if len(folders) == 1 {
					return nil, errors.New("a ) without its (")
				}
				folders = folders[:len(folders)-1]
			}
		case redirected:
			redirected = false
		case len(next.Words) == 0 && slices.Contains([]string{"while", "do", "done", "if", "then", "fi"}, one.text):
		case len(next.Words) == 0 && regexp.MustCompile(`^[A-Z_]+=`).MatchString(one.text):
			next.Environment = append(next.Environment, one.text)
		default:
			next.Words = append(next.Words, one.text)
		}
	}
	if len(folders) > 1 {
		return nil, errors.New("a ( without its )")
	}
	return found, nil
}

// lexeme is a word or an operator.
type lexeme struct {
	text     string
	operator bool
}

// tokenize splits a script, in which a line does not go on in the next one.
func tokenize(script string) ([]lexeme, error) {
	var (
		found  []lexeme
		word   strings.Builder
		inWord bool
		quote  rune
	)
	end := func() {
		if inWord {
			found = append(found, lexeme{text: word.String()})
		}
		word.Reset()
		inWord = false
	}
	escaped, comment := false, false
	for _, r := range script {
		switch {
		case comment && r != '\n':
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == '#' && !inWord:
			comment = true
		case strings.ContainsRune("\n;&|()<>", r):
			end()
			comment = false
			found = append(found, lexeme{string(r), true})
		case r == ' ' || r == '\t':
			end()
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a %c does not end", quote)
	}
	return found, nil
}

// shell reports the first command of a block that cannot be right: which names a target,
// a package, a script, a flag or a file that is not there.
func shell(fsys fs.FS, folder string, lines []string) error {
	commands, err := commandsOf(folder, lines)
	if err != nil {
		return err
	}
	if len(commands) == 0 {
		return errors.New("the block has no command")
	}
	checked := checker{fsys: fsys, made: map[string]bool{}}
	for _, one := range commands {
		if err := checked.command(one); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(one.Words, " "), err)
		}
	}
	return nil
}

// beginning is where the commands of a document begin: at the root of the repository, or
// beside the README of an npm project.
func beginning(fsys fs.FS, document string) string {
	folder := path.Dir(document)
	if _, err := fs.Stat(fsys, path.Join(folder, "package.json")); err == nil {
		return folder
	}
	return "."
}

// checker checks the commands of one block.
type checker struct {
	fsys fs.FS
	made map[string]bool // what earlier commands make
}

func (c *checker) command(one Command) error {
	for _, assignment := range one.Environment {
		name, _, _ := strings.Cut(assignment, "=")
		if err := c.variable(name); err != nil {
			return err
		}
	}
	arguments := one.Words[1:]
	switch name := one.Words[0]; {
	case name == "cd":
		return c.exists(path.Join(one.Folder, at(arguments, 0)))
	case name == "make":
		return c.makes(arguments)
	case name == "go" && at(arguments, 0) == "mod": // of the reader's own module
		if !slices.Contains([]string{"edit", "tidy"}, at(arguments, 1)) {
			return errors.New("go mod has edit and tidy here")
		}
		return nil
	case name == "go":
		return c.goes(one.Folder, arguments)
	case name == "npm":
		return c.npm(one.Folder, arguments)
	case name == "node":
		return c.exists(path.Join(one.Folder, at(arguments, 0)))
	case name == "curl":
		return curl(arguments)
	case name == "fanql": // TestDocumentedCommands of cmd/fanql has its flags and commands
		return nil
	case strings.Contains(name, "/"):
		return c.script(path.Join(one.Folder, name), arguments)
	case slices.Contains([]string{"aws", "docker", "git", "printf", "prometheus", "read", "sam", "terraform", "zip"}, name):
		return c.files(one)
	default:
		return fmt.Errorf("nothing checks the command %s", name)
	}
}

func (c *checker) exists(name string) error {
	if c.made[name] {
		return nil
	}
	_, err := fs.Stat(c.fsys, name)
	return err
}

// variable reports that no program reads an environment variable.
func (c *checker) variable(name string) error {
	if slices.Contains([]string{"CGO_ENABLED", "GOARCH", "GOFLAGS", "GOOS"}, name) {
		return nil
	}
	return c.sources(".", strconv.Quote(name), true)
}

// sources reports that the Go files of a folder do not have a text.
func (c *checker) sources(folder, text string, below bool) error {
	found := errors.New("found")
	err := fs.WalkDir(c.fsys, folder, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != folder && (!below || entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".")):
			return fs.SkipDir
		case path.Ext(file) != ".go":
			return nil
		}
		source, err := fs.ReadFile(c.fsys, file)
		if err == nil && strings.Contains(string(source), text) {
			err = found
		}
		return err
	})
	switch {
	case errors.Is(err, found):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("no Go file in %s has %s", folder, text)
}

// makes checks the arguments of make: targets, and variables that have a default.
func (c *checker) makes(arguments []string) error {
	text, err := fs.ReadFile(c.fsys, "Makefile")
	if err != nil {
		return err
	}
	for _, argument := range arguments {
		line := `(?m)^` + regexp.QuoteMeta(argument) + `:`
		if name, _, assigned := strings.Cut(argument, "="); assigned {
			line = `(?m)^` + regexp.QuoteMeta(name) + ` \?=`
		}
		if !regexp.MustCompile(line).Match(text) {
			return fmt.Errorf("the Makefile has no %s", argument)
		}
	}
	return nil
}

// goes checks the arguments of the go command: packages, flags of their own, tests.
func (c *checker) goes(folder string, arguments []string) error {
	packages := []string{}
	for _, argument := range arguments {
		name, inside := strings.CutPrefix(argument, "github.com/fanql/fanql")
		switch {
		case inside:
			name, _, _ = strings.Cut(name, "@")
			packages = append(packages, path.Join(".", name))
		case argument == ".", strings.HasPrefix(argument, "./"):
			packages = append(packages, path.Join(folder, argument))
		}
	}
	if len(packages) == 0 {
		return errors.New("it names no package")
	}
	for _, name := range packages {
		if files, err := fs.Glob(c.fsys, path.Join(name, "*.go")); err != nil || len(files) == 0 {
			return fmt.Errorf("%s is no package", name)
		}
	}
	for i, argument := range arguments[1:] {
		value := at(arguments, i+2)
		switch flag := strings.TrimPrefix(argument, "-"); {
		case flag == argument:
		case flag == "o":
			c.made[path.Join(folder, value)] = true
		case flag == "run" && regexp.MustCompile(`^\^?\w+\$?$`).MatchString(value):
			if err := c.sources(packages[0], "func Test"+strings.TrimPrefix(strings.Trim(value, "^$"), "Test"), false); err != nil {
				return err
			}
		case regexp.MustCompile(`^(bench|count|ldflags|race|run|tags|timeout|trimpath|v)(=|$)`).MatchString(flag):
		default:
			if err := c.sources(packages[0], strconv.Quote(flag), false); err != nil {
				return err
			}
		}
	}
	return nil
}

// npm checks that a script is in the package.json of its folder.
func (c *checker) npm(folder string, arguments []string) error {
	if at(arguments, 0) == "install" {
		return nil
	}
	script := arguments[len(arguments)-1]
	text, err := fs.ReadFile(c.fsys, path.Join(folder, "package.json"))
	if err != nil {
		return err
	}
	var project struct{ Scripts map[string]string }
	if err := json.Unmarshal(text, &project); err != nil {
		return err
	}
	switch {
	case script == "ci":
		return c.exists(path.Join(folder, "package-lock.json"))
	case project.Scripts[script] == "":
		return fmt.Errorf("%s/package.json has no script %s", folder, script)
	}
	return nil
}

// script checks a program of the repository, and that it mentions its flags.
func (c *checker) script(name string, arguments []string) error {
	information, err := fs.Stat(c.fsys, name)
	if err != nil {
		return err
	}
	if information.Mode()&0o100 == 0 {
		return fmt.Errorf("%s cannot be executed", name)
	}
	text, err := fs.ReadFile(c.fsys, name)
	if err != nil {
		return err
	}
	for _, argument := range arguments {
		if strings.HasPrefix(argument, "-") && !strings.Contains(string(text), argument+" ") {
			return fmt.Errorf("%s does not mention %s", name, argument)
		}
	}
	return nil
}

// curl checks the JSON and the GraphQL of a request.
func curl(arguments []string) error {
	for _, argument := range arguments {
		if !strings.HasPrefix(argument, "{") {
			continue
		}
		var request struct{ Query string }
		if err := json.Unmarshal([]byte(argument), &request); err != nil {
			return err
		}
		if err := parseGraphQL(request.Query); err != nil {
			return err
		}
	}
	return nil
}

// files checks the files of the repository that another command names.
func (c *checker) files(one Command) error {
	for i, argument := range one.Words[1:] {
		name := path.Join(one.Folder, argument)
		first, _, folders := strings.Cut(argument, "/")
		ofTree := slices.Contains([]string{".go", ".mjs", ".tf", ".yaml", ".yml", ".sh"}, path.Ext(argument))
		switch {
		case one.Words[0] == "zip" && i == 0, first == "bin":
			c.made[name] = true
			if err := c.exists(path.Dir(name)); err != nil && first != "bin" {
				return err
			}
		case !ofTree && !folders, strings.Contains(argument, ":"), strings.ContainsAny(argument, " $"):
		case !ofTree && c.exists(path.Join(one.Folder, first)) != nil: // another machine's
		default:
			if err := c.exists(name); err != nil {
				return err
			}
		}
	}
	return nil
}
