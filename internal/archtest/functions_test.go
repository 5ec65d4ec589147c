package archtest

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestFunctionsLinkWhatTheyNeed(t *testing.T) {
	byRuntime := linked(t, lambdaRuntime)
	for _, f := range functions() {
		packages := linked(t, f.main)
		for _, path := range f.superfluous(packages, byRuntime) {
			t.Errorf("%s links %s: each cold start waits for it; leave it out, or say in internal/archtest why it is there", f.main, path)
		}
		for _, pattern := range f.links {
			if !slices.ContainsFunc(packages, func(path string) bool { return matches(path, pattern) }) {
				t.Errorf("%s does not link %s any more, and may not: take it from the list", f.main, pattern)
			}
		}
	}
}

// linked are the packages that a program links as it is deployed.
func linked(t *testing.T, path string) []string {
	t.Helper()
	seeSources(t)
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "lambda.norpc", path).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", path, err)
	}
	return strings.Fields(string(output))
}

func TestSuperfluousPackages(t *testing.T) {
	linked := []string{"main", "net/http", "net/http/pprof", "internal/profile", "M/core", "M/core/internal/run", "M/corefoo", "sdk/other"}
	f := function{main: "main", links: []string{"M/core/...", "sdk"}}
	got := f.superfluous(linked, []string{"net/http"})
	if want := []string{"net/http/pprof", "M/corefoo", "sdk/other"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
