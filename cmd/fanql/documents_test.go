package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fanql/fanql/internal/doccheck"
)

// TestDocumentedCommands: this program takes the command lines of the documents. They get
// no further than to the database, as their context has ended.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		commands, err := doccheck.Commands(strings.Split(string(text), "\n"))
		if err != nil {
			t.Fatalf("%s: %v", document, err)
		}
		for _, command := range commands {
			if command.Words[0] != "fanql" {
				continue
			}
			found++
			if got := (shell{env: map[string]string{"AWS_REGION": "eu-west-1"}}).run(ended, command.Words[1:]...); !strings.Contains(got.log+got.out, "context canceled") {
				t.Errorf("%s: %q ends with %d: %s%s", document, command.Words, got.code, got.log, got.out)
			}
		}
	}
	if found < 4 {
		t.Errorf("the documents have %d command lines only", found)
	}
}
