package doccheck

import (
	"os"
	"testing"
)

// TestABackendIsOneLine: what docs/quickstart.md says of two programs holds of the
// examples that it quotes.
func TestABackendIsOneLine(t *testing.T) {
	tree := os.DirFS("../..")
	for name, test := range map[string]struct{ one, other string }{
		"memory to Redis, and a server to a member of a fleet": {"example_test.go#memory", "example_test.go#redis"},
		"DynamoDB to Redis on Lambda":                          {"fanqllambda/example_test.go#dynamodb", "fanqllambda/example_test.go#redis"},
	} {
		one, err := region(tree, test.one)
		if err != nil {
			t.Fatal(err)
		}
		other, err := region(tree, test.other)
		if err != nil {
			t.Fatal(err)
		}
		changed := max(len(one), len(other)) - min(len(one), len(other))
		for i := range min(len(one), len(other)) {
			if one[i] != other[i] {
				changed++
			}
		}
		if changed != 1 {
			t.Errorf("%s: %d lines change", name, changed)
		}
	}
}
