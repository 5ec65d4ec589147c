//go:build e2e

package program

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Build compiles a package of this module, given by its folder, with flags of go
// build, and returns the path of the program.
//
// Programs are kept in bin/programs, one for each folder and flags: the go command links
// one again only where something has changed, whichever test or package of tests
// asks for it. Builds of several processes take turns, and one process asks the go
// command once.
func Build(t *testing.T, folder string, flags ...string) string {
	t.Helper()
	return BuildIn(t, ".", folder, flags...)
}

// BuildIn is Build of a package of another module, which is in a folder of this one.
func BuildIn(t *testing.T, module, folder string, flags ...string) string {
	t.Helper()
	key := strings.Join(append([]string{filepath.Join(module, folder)}, flags...), "")
	builds.mu.Lock()
	defer builds.mu.Unlock()
	if binary, built := builds.done[key]; built {
		return binary
	}
	binary := filepath.Join(root(t), "bin", "programs", strings.NewReplacer("/", "_", ",", "+").Replace(key))
	build(t, binary, module, folder, flags...)
	builds.done[key] = binary
	return binary
}

// builds are the programs that this process has built.
var builds = struct { //nolint:gochecknoglobals // of one process, whose tests share what is built
	mu   sync.Mutex
	done map[string]string
}{done: map[string]string{}}

func build(t *testing.T, binary, module, folder string, flags ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(binary), 0o750); err != nil {
		t.Fatal(err)
	}
	unlock := lock(t, binary+".lock")
	defer unlock()
	arguments := append([]string{"build", "-buildvcs=false", "-o", binary}, flags...)
	command := exec.CommandContext(t.Context(), "go", append(arguments, "./"+folder)...) //nolint:gosec // a package of this repository
	command.Dir = filepath.Join(root(t), module)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", filepath.Join(module, folder), err, output)
	}
}

// lock waits until no other process has the lock on a file, which it makes.
func lock(t *testing.T, name string) (unlock func()) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // beside the program that is built
	if err == nil {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		t.Fatalf("locking %s: %v", name, err)
	}
	return func() {
		// The lock ends with the file.
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}

// root is the folder of this module.
func root(t *testing.T) string {
	t.Helper()
	folder, err := findRoot()
	if err != nil {
		t.Fatalf("looking for the module: %v", err)
	}
	return folder
}

var findRoot = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // one answer for all tests
	output, err := exec.CommandContext(context.Background(), "go", "list", "-m", "-f", "{{.Dir}}", Module).Output()
	return strings.TrimSpace(string(output)), err
})
