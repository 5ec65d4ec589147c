//go:build e2e

package program

import "testing"

// Library is one that the chat's schema is written in.
type Library struct {
	// Name is the library's own.
	Name string
	// Tags are those of the chat's build.
	Tags string
}

// Libraries are all of them.
func Libraries() []Library {
	return []Library{{Name: "graphql-go"}, {Name: "gqlgen", Tags: "gqlgen"}}
}

// OnEachLibrary runs a test on the chat in each library, beside other tests.
func OnEachLibrary(t *testing.T, test func(*testing.T, Library)) {
	t.Helper()
	t.Parallel()
	for _, library := range Libraries() {
		t.Run(library.Name, func(t *testing.T) {
			t.Parallel()
			test(t, library)
		})
	}
}
