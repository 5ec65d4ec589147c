package deploy_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestGuarantees: the tests that docs/guarantees.md names are there.
func TestGuarantees(t *testing.T) {
	text, err := os.ReadFile("../docs/guarantees.md")
	if err != nil {
		t.Fatal(err)
	}
	var tests, checks strings.Builder
	tree := os.DirFS("..")
	err = fs.WalkDir(tree, ".", func(path string, entry fs.DirEntry, err error) error {
		into := &checks
		switch {
		case err != nil:
			return err
		case entry.Name() == "node_modules" || entry.Name() == ".git":
			return fs.SkipDir
		case strings.HasSuffix(path, "_test.go"):
			into = &tests
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
	names := regexp.MustCompile("`(Test\\w+)`|\"(\\w+: [^\"]+)\"").FindAllSubmatch(text, -1)
	if len(names) < 30 {
		t.Errorf("the page names %d tests only", len(names))
	}
	for _, name := range names {
		if test := string(name[1]); test != "" && !strings.Contains(tests.String(), "func "+test+"(") &&
			!strings.Contains(checks.String(), "func "+test+"(") {
			t.Errorf("there is no test %s", test)
		}
		if check := string(name[2]); check != "" && !strings.Contains(checks.String(), strconv.Quote(check)) {
			t.Errorf("there is no check %q", check)
		}
	}
}
