package dynamolocal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fanql/fanql/internal/dynamolocal"
)

func TestWhatIsMissingIsSaidInOneLine(t *testing.T) {
	directory := t.TempDir()
	for _, name := range []string{"PATH", "HOME", "XDG_CACHE_HOME"} {
		t.Setenv(name, directory)
	}
	_, err := dynamolocal.Start(t.Context())
	missing(t, err, "java is missing")
	program(t, directory, "java")
	_, err = dynamolocal.Start(t.Context())
	missing(t, err, "npm is missing")
}

// program puts a program that does nothing on the path.
func program(t *testing.T, directory, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(directory, name), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func missing(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", want)
	}
	if text := err.Error(); !strings.Contains(text, want) || !strings.Contains(text, "apt-get install") || strings.Contains(text, "\n") {
		t.Errorf("got %q, want one line with %q and what to install", text, want)
	}
}
