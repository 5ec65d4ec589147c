package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// TestNeeds: whatever the adapter's scripts call is among what is asked for.
func TestNeeds(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../../adapters/redis/lua/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d scripts (%v)", len(files), err)
	}
	asked := needs("key", "channel")
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range regexp.MustCompile(`redis\.p?call\('(\w+)'`).FindAllStringSubmatch(string(source), -1) {
			if !slices.ContainsFunc(asked, func(n need) bool { return n.command == call[1] }) {
				t.Errorf("%s calls %s, which is not asked for", filepath.Base(file), call[1])
			}
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"6.0.16": true, "5.0.0": true, "6.2.0": false, "7.0.15": false, "10.1": false, "unknown": false, "": false,
	} {
		if got := olderThan(version, oldestMajor, oldestMinor); got != want {
			t.Errorf("%q is older: %v, want %v", version, got, want)
		}
	}
}
