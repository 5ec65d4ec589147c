package core_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// mutant is an engine that shares too much: a text of share.go has become another,
// in which MUTANT is true for that engine only.
type mutant struct{ name, from, to string }

func mutants() []mutant {
	return []mutant{
		{
			"ignores that the state was read",
			`case x.readState.Load():`,
			`case x.readState.Load() && !MUTANT:`,
		}, {
			"ignores that the ID was read",
			`case x.readID.Load():`,
			`case x.readID.Load() && !MUTANT:`,
		}, {
			"ignores that the ID was read, among equal states",
			`if reach == perState {`,
			`if reach == perState || reach == perMember && MUTANT {`,
		}, {
			"shares between states",
			`s.byState[string(state)]`,
			`s.byState[before(state, "", MUTANT)]`,
		}, {
			"shares between variables",
			`f.groups[string(request)]`,
			`f.groups[before(request, ",\"variables\":", MUTANT)]`,
		},
	}
}

// aids are what the mutations call.
const aids = `package core

import (
	"os"
	"strings"
)

func mutant(name string) bool { return os.Getenv("MUTANT") == name }

// before is the text, or that before the end.
func before(text []byte, end string, cut bool) string {
	if start, _, found := strings.Cut(string(text), end); found && cut {
		return start
	}
	return string(text)
}
`

// TestSharingFailsForMutants holds FuzzSharing to its purpose: it fails for every
// engine that shares too much, and not for the same program without a mutation.
func TestSharingFailsForMutants(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the engine and its tests")
	}
	program := buildMutants(t)
	run := func(name string) (string, error) {
		command := exec.CommandContext(t.Context(), program, "-test.run=^FuzzSharing$", "-test.failfast")
		command.Env = append(os.Environ(), "MUTANT="+name)
		output, err := command.CombinedOutput()
		return string(output), err
	}
	if output, err := run(""); err != nil {
		t.Fatalf("without a mutation: %v\n%s", err, output)
	}
	for _, m := range mutants() {
		if output, err := run(m.name); err == nil || !strings.Contains(output, "--- FAIL: FuzzSharing/") {
			t.Errorf("an engine that %s was not found out (%v): %s", m.name, err, output)
		}
	}
}

// buildMutants compiles the tests of an engine that has all mutations, and in
// which the environment chooses one. Its source lies over the package's own, so
// nothing of the package knows of it.
func buildMutants(t *testing.T) (program string) {
	t.Helper()
	read := func(name string) string {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	source := read("share.go")
	for _, m := range mutants() {
		if !strings.Contains(source, m.from) {
			t.Fatalf("share.go has no %s: say where the engine now can be made one that %s", m.from, m.name)
		}
		source = strings.ReplaceAll(source, m.from, strings.ReplaceAll(m.to, "MUTANT", "mutant("+strconv.Quote(m.name)+")"))
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(here, "share.go"): write("share.go", source),
		filepath.Join(here, "aids.go"):  write("aids.go", aids),
	}})
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(folder, "core.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", program, "-overlay", write("overlay.json", string(overlay)), ".")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return program
}
