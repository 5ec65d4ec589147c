package repocheck

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRepository(t *testing.T) {
	const root = "../.."
	// What is ignored is nobody's business; what is not tracked yet soon will be.
	git := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = root
	output, err := git.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	files := strings.Split(strings.TrimSuffix(string(output), "\x00"), "\x00")
	if !slices.Contains(files, "go.mod") {
		t.Errorf("the files found are %q", files)
	}
	rules := rules()
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(root, file))
		if os.IsNotExist(err) || bytes.IndexByte(text, 0) >= 0 {
			continue // deleted, but not from the index yet, or no text
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range problems(rules, file, string(text)) {
			t.Error(problem)
		}
	}
}

func TestProblems(t *testing.T) {
	const host, machine, origin = "the host name of a registry", "an absolute path of one machine", "where a package came from"
	for name, test := range map[string]struct{ file, text, want string }{
		"an origin in a lockfile":   {"web/package-lock.json", "{\n\"resolved\": \"http" + "s://example.com/a.tgz\"\n}", "web/package-lock.json:2: " + origin},
		"a lockfile without":        {"web/package-lock.json", `"integrity": "sha512-abc", "license": "MIT"`, ""},
		"a link inside a lockfile":  {"web/package-lock.json", `"resolved": "packages/a"`, ""},
		"an origin elsewhere":       {"doc.md", `"resolved": "http` + `s://example.com/a.tgz"`, ""},
		"npm's registry":            {".npmrc", "registry=https://registry." + "npmjs.org/", host},
		"Go's module proxy":         {"Makefile", "GOPROXY=https://proxy." + "golang.org", host},
		"Debian's packages":         {"Dockerfile", "http://deb." + "debian.org/debian", host},
		"a home directory":          {"doc.md", "see /" + "home/ada/fanql", machine},
		"a temporary directory":     {"a_test.go", `os.ReadFile("/` + `tmp/a")`, machine},
		"a path of a web page":      {"doc.md", "https://example.com/home/page", ""},
		"a path in the repository":  {"doc.md", "docs/work/a.md and ./tmp/a and $HOME/work/a", ""},
		"a path of every machine":   {"doc.md", "/usr/bin/chromium", ""},
		"a domain that is no host":  {"doc.md", "https://www.npmjs.com/package/ws", ""},
		"a module's documentation":  {"doc.md", "https://pkg.go.dev/golang.org/x/vuln", ""},
		"the last of several lines": {"doc.md", "one\n\ntwo /" + "work/main\n", "doc.md:3: " + machine},
	} {
		t.Run(name, func(t *testing.T) {
			got := problems(rules(), test.file, test.text)
			if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)) {
				t.Errorf("problems %q, want %q", got, test.want)
			}
		})
	}
}
