package portschema

import (
	"os"
	"strings"
	"testing"

	"github.com/fanql/fanql/ports/porttest"
)

// The generated code is that of the suite's own schema.
func TestSchemaIsTheSuites(t *testing.T) {
	written, err := os.ReadFile("schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Fields(string(written)), strings.Fields(porttest.SchemaSDL); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("schema.graphqls is not porttest.SchemaSDL:\n%s", written)
	}
}
