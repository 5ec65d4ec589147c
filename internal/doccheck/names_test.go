package doccheck

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestNames: the tests and the checks of porttest that documents name are there.
func TestNames(t *testing.T) {
	tree := os.DirFS("../..")
	tests, checks := sources(t, tree)
	named := regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w+)`|\"(\\w+: [^\"]+)\"")
	found := 0
	for _, document := range find(t, tree) {
		text, err := fs.ReadFile(tree, document)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range named.FindAllSubmatch(text, -1) {
			found++
			if test := string(name[1]); test != "" && !strings.Contains(tests+checks, "func "+test+"(") {
				t.Errorf("%s: there is no test %s", document, test)
			}
			check := string(name[2])
			if check != "" && filepath.Base(document) == "guarantees.md" && !strings.Contains(checks, strconv.Quote(check)) {
				t.Errorf("%s: there is no check %q", document, check)
			}
		}
	}
	if found < 100 {
		t.Errorf("the documents name %d tests only", found)
	}
}

// sources are those of all tests, and those of porttest.
func sources(t *testing.T, tree fs.FS) (tests, checks string) {
	var inTests, inChecks strings.Builder
	err := fs.WalkDir(tree, ".", func(path string, entry fs.DirEntry, err error) error {
		into := &inChecks
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git"):
			return fs.SkipDir
		case strings.HasSuffix(path, "_test.go"):
			into = &inTests
		case filepath.Dir(path) != "ports/porttest":
			return nil
		}
		source, err := fs.ReadFile(tree, path)
		into.Write(source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return inTests.String(), inChecks.String()
}
